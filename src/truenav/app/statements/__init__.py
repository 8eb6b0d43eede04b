"""Printed NAV statements: one run as a PDF, in English, 中文 or both, for the house or for one investor."""
