"""CloudWatch with something behind it: metrics read from the real servers, alarms that are evaluated, messages kept."""
