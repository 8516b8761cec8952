"""Vietnamese words for canonical values, as annotators from Northern Vietnam write them.

Each table maps a value to its words and their weights. The dialect "street" uses all of them, "pretrain" the two most
frequent ones.
"""

from glalign.synthetic.domains.domain import Weights

Names = dict[str, Weights]

COLOURS: Names = {"black": {"đen": 96, "tối màu": 4}, "white": {"trắng": 96, "sáng màu": 4},
                  "gray": {"xám": 54, "ghi": 40, "ghi xám": 6},
                  "blue": {"xanh dương": 30, "xanh": 38, "xanh nước biển": 18, "xanh lam": 8, "xanh da trời": 6},
                  "red": {"đỏ": 100}, "pink": {"hồng": 100}, "purple": {"tím": 100},
                  "green": {"xanh lá cây": 42, "xanh lá": 22, "xanh": 26, "xanh lục": 5, "xanh lá mạ": 5},
                  "teal": {"xanh ngọc": 56, "xanh cổ vịt": 20, "xanh": 24}, "yellow": {"vàng": 100},
                  "orange": {"cam": 86, "da cam": 14}, "brown": {"nâu": 94, "nâu đậm": 6},
                  "tan": {"be": 34, "kem": 26, "nâu nhạt": 22, "da bò": 10, "kaki": 8}}  # fmt: skip
TONES: dict[tuple[str, str], Weights] = {
    ("blue", "dark"): {"xanh than": 24, "xanh đen": 24, "xanh tím than": 20, "xanh đậm": 20, "xanh sẫm": 12},
    ("blue", "light"): {"xanh da trời": 54, "xanh nhạt": 20, "xanh dương nhạt": 10, "xanh": 16},
    ("gray", "dark"): {"xám đậm": 26, "ghi đậm": 14, "xám": 36, "ghi": 24},
    ("gray", "light"): {"xám nhạt": 26, "ghi sáng": 18, "xám": 32, "ghi": 24},
    ("red", "dark"): {"đỏ đô": 46, "đỏ sẫm": 22, "đỏ đậm": 20, "đỏ": 12},
    ("pink", "mid"): {"hồng đậm": 26, "hồng cánh sen": 22, "hồng": 52},
    ("purple", "light"): {"tím nhạt": 60, "tím": 40},
    ("green", "dark"): {"xanh rêu": 46, "rêu": 12, "xanh lá cây đậm": 22, "xanh đậm": 20},
    ("green", "light"): {"xanh lá cây nhạt": 36, "xanh bạc hà": 28, "xanh nhạt": 36},
    ("brown", "dark"): {"nâu": 84, "nâu đậm": 10, "nâu sẫm": 6},
}
VAGUE = ("xanh", "xanh nhạt", "xanh đậm", "xanh sẫm")
"""Words for grue that leave open which of its colours is meant."""
TONE_WORDS = {"dark": ("đậm", "sẫm", "than", "đô", "rêu", "tối"), "light": ("nhạt", "sáng", "bạc")}

UPPERS: Names = {
    "t-shirt": {"áo phông": 54, "áo thun": 18, "áo": 28}, "shirt": {"áo sơ mi": 72, "sơ mi": 10, "áo": 18},
    "polo": {"áo phông có cổ": 26, "áo phông": 24, "áo polo": 16, "áo thun có cổ": 8, "áo": 26},
    "blouse": {"áo kiểu": 40, "áo": 44, "áo cánh": 16}, "tank top": {"áo ba lỗ": 62, "áo hai dây": 14, "áo": 24},
    "sweater": {"áo len": 58, "áo nỉ": 28, "áo": 14},
    "hoodie": {"áo khoác có mũ": 30, "áo nỉ có mũ": 22, "áo hoodie": 22, "áo chống nắng": 18, "áo khoác": 8},
    "cardigan": {"áo khoác len": 66, "áo len": 34}, "jacket": {"áo khoác": 86, "áo vest": 6, "áo gió": 8},
    "dress": {"váy": 46, "váy liền": 24, "đầm": 16, "váy liền thân": 14},
    "ao dai": {"áo dài": 86, "áo dài truyền thống": 14},
}  # fmt: skip
LOWERS: Names = {"pants": {"quần dài": 50, "quần": 22, "quần âu": 16, "quần vải": 12},
                 "jeans": {"quần bò": 64, "quần jean": 22, "quần": 14},
                 "shorts": {"quần đùi": 38, "quần soóc": 26, "quần short": 16, "quần ngố": 20},
                 "skirt": {"chân váy": 66, "váy": 34},
                 "leggings": {"quần bó": 44, "quần legging": 34, "quần": 22}}  # fmt: skip
SHOES: Names = {
    "sneakers": {"giày": 58, "giày thể thao": 42}, "dress shoes": {"giày": 60, "giày da": 26, "giày tây": 14},
    "sandals": {"dép": 26, "dép xăng đan": 30, "xăng đan": 28, "dép quai hậu": 16},
    "flip-flops": {"dép lê": 40, "dép": 30, "dép tông": 20, "dép xỏ ngón": 10},
    "boots": {"giày cao cổ": 40, "bốt": 36, "giày": 24}, "flats": {"giày": 48, "giày bệt": 34, "giày búp bê": 18},
    "heels": {"giày cao gót": 64, "giày": 28, "guốc": 8},
}  # fmt: skip
BAGS: Names = {
    "backpack": {"ba lô": 70, "balo": 24, "cặp": 6}, "shoulder bag": {"túi xách": 44, "túi": 36, "túi đeo vai": 20},
    "handbag": {"túi xách": 62, "túi": 30, "ví": 8}, "messenger bag": {"túi đeo chéo": 44, "túi chéo": 28, "túi": 28},
    "plastic bag": {"túi nilon": 66, "túi ni lông": 20, "túi bóng": 14},
}  # fmt: skip
HATS: Names = {"cap": {"mũ lưỡi trai": 66, "mũ": 34}, "hat": {"mũ rộng vành": 60, "mũ": 40},
               "bucket hat": {"mũ tai bèo": 58, "mũ": 42}, "helmet": {"mũ bảo hiểm": 100},
               "conical hat": {"nón lá": 74, "nón": 26}}  # fmt: skip
GLASSES: Names = {"glasses": {"kính": 62, "kính cận": 28, "mắt kính": 10},
                  "sunglasses": {"kính râm": 66, "kính đen": 34}}  # fmt: skip
SLEEVES: Names = {"short": {"cộc tay": 54, "ngắn tay": 46}, "long": {"dài tay": 66, "tay dài": 34},
                  "sleeveless": {"sát nách": 66, "không tay": 34}}  # fmt: skip
PATTERNS: Names = {"striped": {"kẻ sọc": 54, "kẻ ngang": 30, "sọc ngang": 16},
                   "plaid": {"kẻ ca rô": 50, "ca rô": 26, "kẻ ô vuông": 14, "kẻ": 10},
                   "dotted": {"chấm bi": 82, "chấm tròn": 18},
                   "floral": {"hoa": 44, "họa tiết hoa": 38, "hoa văn": 18}}  # fmt: skip
PRINTS: Names = {"logo": {"logo": 66, "hình nhỏ": 18, "biểu tượng": 16},
                 "picture": {"hình": 56, "họa tiết": 30, "hình in": 14},
                 "writing": {"chữ": 76, "dòng chữ": 24}}  # fmt: skip
HELD: Names = {"phone": {"điện thoại": 100}, "book": {"quyển sách": 52, "giấy tờ": 26, "quyển vở": 22},
               "bottle": {"chai nước": 100}}  # fmt: skip
LENGTHS: Names = {"knee": {"ngang gối": 44, "đến đầu gối": 34, "dài đến gối": 22},
                  "capri": {"lửng": 70, "ống lửng": 30}, "short": {"ngắn": 100}, "long": {"dài": 100}}  # fmt: skip
HAIR: Names = {"black": {"đen": 100}, "brown": {"nâu": 74, "nâu đậm": 16, "hạt dẻ": 10},
               "blonde": {"vàng": 70, "nhuộm vàng": 30},
               "gray": {"bạc": 60, "muối tiêu": 26, "trắng": 14}, "red": {"đỏ": 50, "nâu đỏ": 50}}  # fmt: skip
PEOPLE: Names = {
    "man": {"nam": 34, "người đàn ông": 26, "nam thanh niên": 18, "chàng trai": 10, "anh thanh niên": 8},
    "woman": {"nữ": 34, "người phụ nữ": 26, "cô gái": 24, "nữ thanh niên": 6, "bạn nữ": 6},
}  # fmt: skip
LENGTHENED = ("quần", "quần âu", "quần vải", "quần bò", "quần jean", "quần soóc", "quần short", "chân váy", "váy",
              "quần bó", "quần legging")  # fmt: skip
"""Lower garments that may have a word for their length behind them; the others state it or sound odd with it."""
FACTS: dict[str, dict[str, tuple[str, ...]]] = {
    "upper": {"t-shirt": ("áo phông", "áo thun"), "shirt": ("áo sơ mi", "sơ mi"),
              "polo": ("áo phông có cổ", "áo polo", "áo thun có cổ"), "blouse": ("áo kiểu",),
              "tank top": ("áo ba lỗ", "áo hai dây"), "hoodie": ("áo khoác có mũ", "áo nỉ có mũ", "áo hoodie"),
              "cardigan": ("áo khoác len",), "dress": ("váy", "váy liền", "đầm", "váy liền thân"),
              "ao dai": ("áo dài", "áo dài truyền thống")},
    "upper_family": {"jacket": ("áo khoác", "áo vest", "áo gió"), "sweater": ("áo len", "áo nỉ")},
    "lower": {"pants": ("quần dài", "quần âu", "quần vải"), "jeans": ("quần bò", "quần jean"),
              "shorts": ("quần đùi", "quần soóc", "quần short", "quần ngố"), "skirt": ("chân váy", "váy"),
              "leggings": ("quần bó", "quần legging")},
    "shoes": {"sneakers": ("giày thể thao",), "dress shoes": ("giày da", "giày tây"),
              "sandals": ("dép xăng đan", "xăng đan", "dép quai hậu"),
              "flip-flops": ("dép lê", "dép tông", "dép xỏ ngón"), "boots": ("giày cao cổ", "bốt"),
              "flats": ("giày bệt", "giày búp bê"), "heels": ("giày cao gót", "guốc")},
    "bag": {"backpack": ("ba lô", "balo"), "shoulder bag": ("túi đeo vai",),
            "messenger bag": ("túi đeo chéo", "túi chéo"), "plastic bag": ("túi nilon", "túi ni lông", "túi bóng")},
    "hat": {"cap": ("mũ lưỡi trai",), "hat": ("mũ rộng vành",), "bucket hat": ("mũ tai bèo",),
            "helmet": ("mũ bảo hiểm",), "conical hat": ("nón lá", "nón")},
    "glasses": {"glasses": ("kính", "kính cận", "mắt kính"), "sunglasses": ("kính râm", "kính đen")},
}  # fmt: skip
"""Attribute -> value -> the words that state it, provided that it is the visible value."""


def usual(names: Weights, dialect: str) -> Weights:
    """Return the words that a dialect uses: all of them, in "pretrain" the two with the largest weights.

    >>> usual(SHOES["heels"], "pretrain")
    {'giày cao gót': 64, 'giày': 28}
    """
    if dialect == "street":
        return names
    return dict(sorted(names.items(), key=lambda entry: -entry[1])[:2])
