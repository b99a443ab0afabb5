"""The turbofan domain: engines' sensor files, and the prediction of their remaining useful life."""
