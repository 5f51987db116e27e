"""CrossGuard packs and the rules in them: what must hold before anything is deployed."""
