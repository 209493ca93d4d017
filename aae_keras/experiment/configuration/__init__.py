"""What a run is to be: one flat configuration, checked, and the recipes that ship."""
