"""Read only: what the wall and the office see of the shop. Changes nothing."""
