"""Where facts come from: accounts, connections, gathering, imports and what people enter."""
