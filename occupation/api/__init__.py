"""The JSON API, and the one shape in which everything under `/api/` fails.

The routes are in `verbs` (what changes something) and `reads`; `site` puts them together.
"""
