"""Human parsing: label maps, the five regions, masks on a patch grid."""
