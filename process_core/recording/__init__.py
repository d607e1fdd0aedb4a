"""Records a run into its run file while it runs."""
