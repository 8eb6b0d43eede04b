"""Statements of OTC desks as files: trades, settlements and balances, by one table of columns."""
