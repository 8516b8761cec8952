"""What the official CUHK-PEDES release consists of."""

OFFICIAL = {
    # The release of Li et al. (CVPR 2017): 11,003 / 1,000 / 1,000 people, 40,206 images, 80,440 captions.
    "train": {"images": 34_054, "captions": 68_126, "ids": 11_003},
    "val": {"images": 3_078, "captions": 6_158, "ids": 1_000},
    "test": {"images": 3_074, "captions": 6_156, "ids": 1_000},
}

SOURCES = {
    # Sub-folder -> the dataset its images were taken from.
    "cam_a": "VIPeR",
    "cam_b": "VIPeR",
    "CUHK01": "CUHK01",
    "CUHK03": "CUHK03",
    "Market": "Market-1501",
    "test_query": "CUHK-SYSU",
    "train_query": "CUHK-SYSU",
}
