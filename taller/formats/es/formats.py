"""How the admin writes days and moments: as the sheet and the tablets do. The rest is Django's Spanish."""

DATE_FORMAT = "d-m-Y"
DATETIME_FORMAT = "d-m-Y H:i"
