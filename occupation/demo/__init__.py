"""The sample shop: an invented workbook, and two invented days of work on it told through the real services."""
