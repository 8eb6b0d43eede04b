"""Every table as a file: CSV and XLSX, exact and harmless."""
