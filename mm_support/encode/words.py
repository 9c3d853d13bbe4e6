"""What a photo sent to customer support may show: the words that are tried where a caller gives none."""

DEFAULT_WORDS: tuple[str, ...] = (
    # screens and computers
    "smartphone", "tablet computer", "laptop", "desktop computer", "computer monitor", "television", "computer keyboard",
    "computer mouse", "printer", "scanner", "projector", "smart watch", "e-book reader", "game console", "joystick",
    # sound and vision
    "headphones", "loudspeaker", "microphone", "radio", "camera", "camera lens", "remote control", "music player",
    # network, power and parts
    "router", "modem", "hard disk", "memory card", "circuit board", "power adapter", "plug", "power socket", "cable",
    "power strip", "battery", "power bank", "light switch", "light bulb", "lamp", "screw", "key", "padlock", "switch",
    # kitchen and household
    "washing machine", "dishwasher", "refrigerator", "oven", "stove", "microwave oven", "toaster", "waffle iron",
    "coffee maker", "espresso machine", "kettle", "blender", "frying pan", "cooking pot", "bottle", "mug", "plate",
    "vacuum cleaner", "clothes iron", "hair dryer", "electric fan", "air conditioner", "radiator", "thermostat",
    "smoke detector", "security camera", "doorbell", "sewing machine", "scale", "wall clock", "alarm clock",
    # furniture and home
    "chair", "sofa", "bed", "table", "desk", "shelf", "wardrobe", "mirror", "curtain", "carpet", "door", "window",
    "bathtub", "wash basin", "toilet", "shower", "water tap",
    # clothes and things one carries
    "shoe", "boot", "sandal", "shirt", "sweater", "jacket", "coat", "trousers", "dress", "sock", "hat", "glove", "scarf",
    "glasses", "wristwatch", "handbag", "backpack", "suitcase", "wallet", "umbrella", "necklace", "ring",
    # food and drink
    "apple", "banana", "orange", "lemon", "pear", "grapes", "strawberry", "melon", "tomato", "pepper", "potato", "onion",
    "carrot", "cucumber", "cabbage", "mushroom", "carton of milk", "carton of juice", "yoghurt", "cheese", "bread", "cake",
    "chocolate", "pizza", "meat", "fish", "egg", "coffee", "tea", "beer", "wine",
    # vehicles, tools, toys and garden
    "car", "bicycle", "motorcycle", "scooter", "tyre", "helmet", "hammer", "screwdriver", "drill", "saw", "lawn mower",
    "ladder", "toy", "teddy bear", "ball", "musical instrument", "tent", "plant", "flower", "cat", "dog", "person",
    # care and medicine
    "pill bottle", "blister pack of pills", "medicine box", "syringe", "bandage", "thermometer", "stethoscope", "wheelchair",
    "toothbrush", "soap", "lotion", "lipstick", "perfume", "sunscreen", "nappy",
    # parcels and documents
    "cardboard box", "envelope", "plastic bag", "packaging", "book", "magazine", "letter", "form", "receipt", "invoice",
    "ticket", "menu", "map", "bank card", "identity card", "passport", "banknote", "coin", "bar code", "price tag", "label",
    # screens and messages
    "error message on a screen", "digital display", "web page", "chat on a phone", "table of numbers", "diagram", "handwriting",
    # damage
    "cracked screen", "broken glass", "dent", "scratch", "torn fabric", "stain", "rust", "mould", "water damage",
    "burn mark", "damaged parcel", "broken plastic",
)  # fmt: skip
