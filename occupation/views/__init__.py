"""The tablet's pages. Each view reads the form, makes one call and shows what came of it."""
