"""The mirror: the shop's workbook, and how its cells and the app's rows meet."""
