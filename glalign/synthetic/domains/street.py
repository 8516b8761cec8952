"""The domain of CUHK-PEDES: a campus in summer, seen from a pole; dark trousers, black hair, a large vocabulary."""

from glalign.synthetic.domains.domain import Camera, Domain, Wardrobe

STREET = Domain(
    name="street", dialect="street", typo_rate=0.2, colour_error_rate=0.03, rare_words=0.22, repeats=0.044,
    wardrobe=Wardrobe(
        women=0.42, patterned=0.16, printed=0.38, spread=7.0,
        hair={"black": 80, "brown": 13, "blonde": 2, "gray": 4, "red": 1},
        skin={"fair": 35, "light": 45, "tan": 15, "dark": 5},
        upper_man={"t-shirt": 44, "shirt": 16, "polo": 12, "tank top": 4, "sweater": 6, "hoodie": 7, "jacket": 11},
        upper_woman={"t-shirt": 32, "blouse": 16, "shirt": 6, "tank top": 6, "sweater": 8, "hoodie": 4, "jacket": 9,
                     "dress": 14, "cardigan": 5},
        upper_shades={"white": 22, "black": 20, "gray": 8, "dark gray": 6, "light gray": 5, "blue": 6, "navy": 4,
                      "light blue": 5, "red": 6, "maroon": 2, "pink": 4, "hot pink": 2, "purple": 4, "green": 4,
                      "dark green": 3, "lime": 2, "mint": 1, "teal": 1, "yellow": 4, "orange": 3, "brown": 3, "tan": 3,
                      "cream": 2},
        lower_man={"pants": 36, "jeans": 26, "shorts": 38},
        lower_woman={"pants": 22, "jeans": 24, "shorts": 22, "skirt": 20, "leggings": 12},
        lower_shades={"black": 40, "dark gray": 11, "gray": 8, "navy": 8, "blue": 5, "tan": 10, "cream": 2, "brown": 6,
                      "white": 4, "light gray": 2, "dark green": 2, "red": 1.5, "pink": 1, "green": 1},
        shoes_shades={"black": 36, "white": 28, "gray": 9, "brown": 9, "blue": 4, "red": 4, "tan": 4, "pink": 2,
                      "green": 1, "yellow": 1, "orange": 1},
        bag={"none": 44, "backpack": 26, "shoulder bag": 11, "handbag": 8, "messenger bag": 6, "plastic bag": 5},
        bag_shades={"black": 44, "brown": 9, "red": 8, "blue": 7, "gray": 7, "white": 6, "pink": 4, "green": 4,
                    "tan": 4, "orange": 3, "yellow": 2, "purple": 2},
    ),
    camera=Camera(
        pitch=(0.05, 0.28), fill=(0.86, 1.05), detail=(0.6, 1.0), quality=(55, 90), gain=(0.7, 1.2),
        gamma=(0.9, 1.2), saturation=(0.7, 1.05), contrast=(0.9, 1.25), cast=0.03, noise=(1.5, 6.0),
        blur=(0.0, 0.7), occluded=0.12, crowded=0.16, views={"front": 36, "back": 34, "side": 30},
        backgrounds={"pavement": 34, "asphalt": 18, "grass": 14, "shop": 12, "fence": 12, "campus": 10},
    ),
    annotators={"en": {"listing": 28, "narrative": 34, "notes": 15, "observation": 23},
                "vi": {"listing": 46, "narrative": 34, "observation": 20}},
)  # fmt: skip
