"""English captions as annotators write them, with their noun phrases and a letter for the region of each."""

CAPTIONS = {
    "The man wears a gray shirt and a pair of black shoes.": ["man -", "gray shirt U", "pair of black shoes S"],
    "She has long hair. She carries her red handbag": ["long hair H", "red handbag O"],
    "white t-shirt black shorts white sneakers": ["white t-shirt U", "black shorts L", "white sneakers S"],
    "Black hair, blue jeans; brown boots": ["Black hair H", "blue jeans L", "brown boots S"],
    "A boy in brown shoes.he has a blue cap": ["boy -", "brown shoes S", "blue cap H"],
    "A woman in Gray and white shoes.": ["woman -", "Gray and white shoes S"],
    "A man in a white and grey striped shirt and a purse.": ["man -", "white and grey striped shirt U", "purse O"],
    "A man with an orange back pack": ["man -", "orange back pack O"],
}
