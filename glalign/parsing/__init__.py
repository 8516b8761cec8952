"""Human parsing: label maps of images, by a SegFormer or by geometric stripes."""
