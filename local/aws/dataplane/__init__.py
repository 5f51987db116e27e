"""Real servers behind what the API has declared: desired state is the API's models, actual state is processes."""
