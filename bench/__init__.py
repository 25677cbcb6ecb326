"""The published figures: `make bench` measures them and writes one table and one JSON file."""
