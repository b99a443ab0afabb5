"""One day's drift report: what is compared, its verdicts, its pages and plots."""
