"""The domain of 3000VnPerson-Search: crowded lakesides, temple yards and gates, seen from high cameras.

Unlike the domain "street" it has steeper and coarser cameras with a warm cast, many other people, motorbikes and
stalls; masks, caps, helmets, conical hats, áo dài, sandals and bags across the body; Vietnamese captions only.
"""

from glalign.synthetic.domains.domain import Camera, Domain, Wardrobe

PLAZA = Domain(
    name="plaza", dialect="street", typo_rate=0.12, colour_error_rate=0.03, rare_words=0.06, repeats=0.02,
    wardrobe=Wardrobe(
        women=0.56, patterned=0.14, printed=0.28, spread=8.0,
        hair={"black": 86, "brown": 8, "gray": 5, "blonde": 1},
        skin={"fair": 22, "light": 56, "tan": 22},
        upper_man={"t-shirt": 38, "shirt": 24, "polo": 14, "jacket": 17, "hoodie": 3, "sweater": 2, "tank top": 2},
        upper_woman={"t-shirt": 28, "blouse": 12, "shirt": 9, "ao dai": 11, "dress": 15, "jacket": 12, "hoodie": 7,
                     "cardigan": 3, "tank top": 3},
        upper_shades={"white": 20, "black": 20, "gray": 6, "dark gray": 4, "light gray": 3, "blue": 6, "navy": 7,
                      "light blue": 6, "red": 7, "maroon": 4, "pink": 6, "hot pink": 2, "purple": 4, "lavender": 2,
                      "green": 3, "dark green": 4, "mint": 2, "teal": 1, "yellow": 5, "orange": 3, "brown": 4, "tan": 3,
                      "cream": 4},
        lower_man={"pants": 44, "jeans": 34, "shorts": 22},
        lower_woman={"pants": 40, "jeans": 26, "shorts": 14, "skirt": 12, "leggings": 8},
        lower_shades={"black": 46, "dark gray": 8, "gray": 6, "navy": 10, "blue": 3, "tan": 6, "cream": 3, "brown": 6,
                      "white": 6, "light gray": 2, "dark green": 2, "red": 1, "purple": 1},
        shoes_shades={"black": 36, "white": 32, "gray": 8, "brown": 10, "blue": 4, "red": 4, "tan": 3, "pink": 2,
                      "green": 1},
        bag={"none": 40, "backpack": 17, "shoulder bag": 10, "handbag": 8, "messenger bag": 17, "plastic bag": 8},
        bag_shades={"black": 46, "brown": 13, "red": 8, "white": 7, "blue": 6, "pink": 5, "gray": 4, "tan": 6,
                    "green": 3, "yellow": 2},
        hat={"none": 67, "cap": 14, "hat": 5, "bucket hat": 4, "conical hat": 5, "helmet": 5},
        hat_shades={"black": 30, "white": 14, "blue": 9, "navy": 8, "red": 10, "pink": 7, "tan": 7, "brown": 5,
                    "gray": 5, "yellow": 3, "green": 2},
        mask={"none": 14, "light blue": 18, "white": 9, "black": 9, "gray": 3, "pink": 3, "navy": 2},
        shoes_man={"sneakers": 50, "dress shoes": 19, "sandals": 15, "flip-flops": 15, "boots": 1},
        shoes_woman={"sneakers": 40, "flats": 14, "sandals": 20, "heels": 14, "boots": 2, "flip-flops": 10},
    ),
    camera=Camera(
        pitch=(0.14, 0.44), fill=(0.84, 1.03), detail=(0.48, 0.9), quality=(34, 78), gain=(0.78, 1.3),
        gamma=(0.82, 1.12), saturation=(0.75, 1.15), contrast=(0.85, 1.2), cast=0.035, noise=(1.5, 7.0),
        blur=(0.1, 0.8), occluded=0.16, crowded=0.7, crowd=2, passers=0.16, tint=(0.05, 0.0, -0.05),
        occluders=("rail", "bush", "pole", "motorbike", "motorbike"), views={"front": 44, "back": 26, "side": 30},
        backgrounds={"temple": 24, "market": 18, "parking": 18, "pavement": 22, "grass": 8, "shop": 10},
    ),
    annotators={"vi": {"listing": 78, "sentence": 22}},
)  # fmt: skip
