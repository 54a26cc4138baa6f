"""The downtime register: what was down, from when to when, whom it affected and why."""
