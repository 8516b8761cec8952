"""Human parsing: label maps of images, by a SegFormer, by geometric stripes, or as they were drawn."""
