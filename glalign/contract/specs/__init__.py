"""Job specifications of the stages that take long, apart from their planners: editing a planner reruns no training."""
