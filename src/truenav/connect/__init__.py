"""The outside world: venues, price sources, files and people, as evidence and then as facts."""
