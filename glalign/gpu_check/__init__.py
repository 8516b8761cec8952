"""What a GPU does with the suite, in minutes and without data: `glalign gpu-check`."""
