"""The attack on the service: kills, faults, old answers, damage. ``make attack`` runs it; docs/reliability.md tells of it."""
