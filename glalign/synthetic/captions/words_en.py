"""English words for canonical values.

Each table maps a dialect and a value to its words and their weights; "street" has a large vocabulary, "pretrain" a
small one.
"""

from glalign.synthetic.domains.domain import Weights

Names = dict[str, Weights]
COLOURS: dict[str, Names] = {
    "street": {"black": {"black": 92, "dark": 8}, "white": {"white": 94, "off white": 2, "light colored": 4},
               "gray": {"gray": 56, "grey": 44}, "blue": {"blue": 100}, "red": {"red": 100},
               "pink": {"pink": 94, "rose": 2, "coral": 2, "peach": 2},
               "purple": {"purple": 92, "violet": 4, "plum": 4}, "green": {"green": 100},
               "teal": {"teal": 60, "turquoise": 28, "aqua": 12}, "yellow": {"yellow": 92, "mustard": 3, "gold": 5},
               "orange": {"orange": 100}, "brown": {"brown": 96, "dark brown": 4},
               "tan": {"tan": 44, "khaki": 26, "beige": 20, "cream": 4, "khaki colored": 6}},
    "pretrain": {"black": {"black": 1}, "white": {"white": 1}, "red": {"red": 1}, "pink": {"pink": 1},
                 "purple": {"purple": 1}, "green": {"green": 1}, "blue": {"blue": 1}, "teal": {"teal": 1},
                 "yellow": {"yellow": 1}, "orange": {"orange": 1}, "brown": {"brown": 1}, "tan": {"beige": 7, "tan": 3},
                 "gray": {"grey": 6, "gray": 4}},
}  # fmt: skip
TONES: dict[str, dict[tuple[str, str], Weights]] = {
    "street": {("blue", "dark"): {"dark blue": 50, "navy blue": 18, "navy": 10, "blue": 22},
               ("blue", "light"): {"light blue": 66, "pale blue": 4, "blue": 30},
               ("gray", "dark"): {"dark gray": 36, "dark grey": 24, "gray": 24, "charcoal": 4, "grey": 12},
               ("gray", "light"): {"light gray": 30, "light grey": 20, "gray": 30, "grey": 20},
               ("red", "dark"): {"maroon": 46, "dark red": 24, "burgundy": 22, "red": 8},
               ("pink", "mid"): {"hot pink": 30, "bright pink": 26, "pink": 44},
               ("purple", "light"): {"lavender": 34, "light purple": 46, "purple": 20},
               ("green", "dark"): {"dark green": 56, "olive green": 16, "olive": 6, "green": 22},
               ("green", "light"): {"mint green": 28, "light green": 52, "mint": 8, "green": 12},
               ("tan", "light"): {"tan": 40, "khaki": 24, "beige": 22, "cream colored": 6, "light brown": 8}},
    "pretrain": {("blue", "dark"): {"dark blue": 60, "blue": 40}, ("blue", "light"): {"light blue": 60, "blue": 40},
                 ("gray", "dark"): {"dark grey": 50, "grey": 50}, ("red", "dark"): {"dark red": 70, "red": 30},
                 ("green", "dark"): {"dark green": 60, "green": 40},
                 ("green", "light"): {"light green": 60, "green": 40},
                 ("purple", "light"): {"light purple": 50, "purple": 50}},
}  # fmt: skip
TONE_WORDS = {"dark": ("dark", "navy", "maroon", "burgundy", "charcoal", "olive"),
              "light": ("light", "pale", "lavender", "mint")}  # fmt: skip
UPPERS: dict[str, Names] = {
    "street": {
        "t-shirt": {"t-shirt": 12, "shirt": 52, "tee shirt": 12, "t shirt": 11, "tee": 4, "top": 9},
        "shirt": {"shirt": 30, "button up shirt": 18, "collared shirt": 20, "button-down shirt": 12, "dress shirt": 14,
                  "buttoned shirt": 6},
        "polo": {"polo shirt": 40, "polo": 14, "shirt": 24, "collared shirt": 22},
        "blouse": {"blouse": 44, "top": 34, "shirt": 22},
        "tank top": {"tank top": 62, "tank": 6, "top": 16, "shirt": 16},
        "sweater": {"sweater": 58, "sweatshirt": 24, "pullover": 8, "jumper": 4, "shirt": 6},
        "hoodie": {"hoodie": 48, "hooded sweatshirt": 26, "sweatshirt": 20, "hooded jacket": 6},
        "cardigan": {"cardigan": 60, "sweater": 30, "jacket": 10},
        "jacket": {"jacket": 70, "coat": 22, "blazer": 4, "windbreaker": 4},
        "dress": {"dress": 88, "sundress": 6, "gown": 1, "frock": 2, "one piece dress": 3},
    },
    "pretrain": {"t-shirt": {"t-shirt": 45, "shirt": 35, "top": 20}, "shirt": {"shirt": 80, "collared shirt": 20},
                 "polo": {"polo shirt": 60, "shirt": 40}, "blouse": {"blouse": 30, "top": 40, "shirt": 30},
                 "tank top": {"tank top": 70, "top": 30}, "sweater": {"sweater": 80, "top": 20},
                 "hoodie": {"hoodie": 80, "sweater": 20}, "cardigan": {"cardigan": 60, "jacket": 40},
                 "jacket": {"jacket": 75, "coat": 25}, "dress": {"dress": 100}},
}  # fmt: skip
UPPER_FACTS = ("t-shirt", "t shirt", "tee shirt", "tee", "button up shirt", "button-down shirt", "dress shirt",
               "buttoned shirt", "polo shirt", "polo", "blouse", "tank top", "tank", "hoodie", "hooded sweatshirt",
               "cardigan", "dress")  # fmt: skip
"""Words that state the garment; the others state the family of garments at most."""
LOWERS: dict[str, Names] = {
    "street": {"pants": {"pants": 70, "slacks": 12, "trousers": 7, "dress pants": 5, "long pants": 6},
               "jeans": {"jeans": 78, "denim jeans": 7, "jean pants": 5, "pants": 10},
               "shorts": {"shorts": 88, "cargo shorts": 8, "short pants": 4}, "skirt": {"skirt": 96, "skort": 4},
               "leggings": {"leggings": 50, "tights": 16, "skinny pants": 12, "tight pants": 14, "pants": 8}},
    "pretrain": {"pants": {"pants": 55, "trousers": 45}, "jeans": {"jeans": 80, "pants": 20}, "shorts": {"shorts": 100},
                 "skirt": {"skirt": 100}, "leggings": {"leggings": 60, "pants": 40}},
}  # fmt: skip
SHOES: dict[str, Names] = {
    "street": {
        "sneakers": {"shoes": 46, "sneakers": 26, "tennis shoes": 16, "athletic shoes": 6, "running shoes": 4,
                     "gym shoes": 2},
        "dress shoes": {"shoes": 66, "dress shoes": 26, "leather shoes": 8},
        "sandals": {"sandals": 84, "shoes": 16},
        "flip-flops": {"flip flops": 60, "sandals": 20, "slippers": 12, "flip-flops": 8},
        "boots": {"boots": 82, "shoes": 18},
        "flats": {"flats": 42, "shoes": 40, "slip-on shoes": 10, "flat shoes": 8},
        "heels": {"high heels": 40, "heels": 24, "high heeled shoes": 16, "shoes": 20},
    },
    "pretrain": {"sneakers": {"shoes": 60, "sneakers": 40}, "dress shoes": {"shoes": 100}, "sandals": {"sandals": 100},
                 "flip-flops": {"sandals": 70, "slippers": 30}, "boots": {"boots": 100}, "flats": {"shoes": 100},
                 "heels": {"heels": 50, "shoes": 50}},
}  # fmt: skip
SHOE_FACTS = ("sneakers", "tennis shoes", "athletic shoes", "running shoes", "gym shoes", "dress shoes",
              "leather shoes", "boots", "flats", "high heels", "heels", "high heeled shoes", "flip flops")  # fmt: skip
BAGS: dict[str, Names] = {
    "street": {
        "backpack": {"backpack": 72, "back pack": 14, "bag": 4, "knapsack": 4, "book bag": 3, "rucksack": 3},
        "shoulder bag": {"shoulder bag": 34, "bag": 34, "purse": 22, "tote bag": 10},
        "handbag": {"handbag": 34, "purse": 36, "bag": 22, "hand bag": 8},
        "messenger bag": {"messenger bag": 36, "bag": 26, "satchel": 12, "cross body bag": 14, "shoulder bag": 12},
        "plastic bag": {"plastic bag": 50, "bag": 30, "shopping bag": 20},
    },
    "pretrain": {"backpack": {"backpack": 90, "bag": 10}, "shoulder bag": {"shoulder bag": 40, "bag": 60},
                 "handbag": {"handbag": 60, "bag": 40}, "messenger bag": {"bag": 60, "shoulder bag": 40},
                 "plastic bag": {"plastic bag": 50, "bag": 50}},
}  # fmt: skip
BAG_FACTS = ("backpack", "back pack", "knapsack", "book bag", "rucksack", "handbag", "hand bag", "messenger bag",
             "satchel", "cross body bag", "plastic bag", "shopping bag", "tote bag")  # fmt: skip
PEOPLE: dict[str, Names] = {
    "street": {
        "man": {"man": 70, "young man": 8, "male": 8, "guy": 3, "boy": 5, "person": 4, "gentleman": 1, "pedestrian": 1},
        "woman": {"woman": 66, "girl": 10, "lady": 8, "young woman": 5, "female": 5, "person": 5, "pedestrian": 1},
    },
    "pretrain": {"man": {"man": 70, "male": 10, "person": 20}, "woman": {"woman": 70, "female": 10, "person": 20}},
}  # fmt: skip
