"""The grocery task: which product is in the photo, and what does the customer want to know about
it?

Products times six intents make the entries; a question never names its product. So the words know
the intent, the photo knows the product, and only both together know the entry. Entries are made
from the data set's descriptions with the templates below; knows no model.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from assets.training.products import Product
from mm_support.types import Entry

BASE = "grocery"


@dataclass(frozen=True)
class Topic:
    """An intent. title, question, answer: templates of an entry, with {name} of the product and
    {kind} of its group. about: sentences of a description that match it belong to the answer.
    asked: what customers say with the product in their hand."""

    intent: str
    title: str
    question: str
    answer: str
    about: str
    asked: tuple[str, ...]


TOPICS = (
    Topic(
        "storage",
        "Storing {name}",
        "How do I store {name}, and how long does it keep?",
        "Keep {name} as the label says and use it within its shelf life.",
        r"stor|fridge|refrigerat|shelf|keep|temperature|fresh",
        (
            "How should I store this at home?",
            "does this go in the fridge",
            "How long will this keep once I have bought it?",
            "Can I leave it out on the counter?",
            "What is the best way to keep these fresh?",
            "can i freeze this for later",
            "Where do I put it so that it lasts longer?",
            "How many days is it good for after opening?",
            "Will this spoil if it stays in a warm kitchen?",
            "is the cupboard fine or does it need to be cold",
            "What is its shelf life?",
            "At what temperature should I keep it?",
            "how do I stop these going bad so quickly",
            "Should I put this in the refrigerator?",
            "how long before this goes off",
            "What's the right place at home to keep this?",
        ),
    ),
    Topic(
        "origin",
        "Where {name} comes from",
        "Which country does {name} come from, and who makes it?",
        "The country of origin and the producer of {name} are printed on its label or on the shelf"
        " sign.",
        r"origin|country|countr|grown|cultivat|from|produc|brand|"
        r"discover|sweden|swedish|europe|america|asia",
        (
            "Where does this come from?",
            "which country is it grown in",
            "Who makes this?",
            "Is this produced locally?",
            "What is the origin of these?",
            "was this imported",
            "Which region are they from?",
            "Where was this made?",
            "Can you tell me the country of origin?",
            "who is the producer",
            "Is it from a farm near here?",
            "What part of the world is this from?",
            "from what country did you get these",
            "Where do they grow this?",
            "which company produces it",
            "Is this a domestic product?",
        ),
    ),
    Topic(
        "taste",
        "What {name} tastes like",
        "How does {name} taste, and what is its texture?",
        "{name} has the taste that is typical of {kind}.",
        r"tast|sweet|sour|flavou?r|aroma|acid|juicy|crisp|smell|texture|mild|bitter",
        (
            "What does this taste like?",
            "is it sweet or sour",
            "How would you describe the flavour?",
            "Is this one mild or strong?",
            "will my kids like the taste",
            "Is the texture crunchy or soft?",
            "Does it have a bitter aftertaste?",
            "how sweet are these",
            "What kind of flavour can I expect?",
            "Is it very acidic?",
            "does it taste good on its own",
            "Is it juicy?",
            "tell me about the taste of it",
            "Would you call this sharp or gentle in flavour?",
            "what's the flavor of these",
            "How does it taste?",
        ),
    ),
    Topic(
        "use",
        "How to use {name}",
        "What can I cook with {name}, and how is it prepared?",
        "Use {name} on its own or in dishes that call for {kind}.",
        r"\buse|cook|bak|dish|salad|soup|dessert|boil|grill|fry|eaten|"
        r"drink|sauce|mash|recipe|suit|breakfast",
        (
            "What can I cook with this?",
            "how do I prepare it",
            "Which dishes is this good for?",
            "Can I eat these raw?",
            "do you have a recipe idea for this",
            "Is it suitable for baking?",
            "What would you use it for?",
            "how long do I boil this",
            "Does this work in a salad?",
            "Can I use it in a sauce or a soup?",
            "What goes well with it at dinner?",
            "how is this usually eaten",
            "what meals can I make out of these",
            "Any ideas how to serve this?",
            "is it good for cooking or just to eat like that",
            "What should I do with it in the kitchen?",
        ),
    ),
    Topic(
        "nutrition",
        "Nutrition and allergens of {name}",
        "What nutrition does {name} have, and which allergens does it contain?",
        "Energy, nutrients and allergens of {name} are listed in the nutrition table; tell us about"
        " an allergy before you buy.",
        r"vitamin|fib|fat\b|protein|calcium|lactose|nutri|healthy|allerg|"
        r"contain|energy|mineral|antioxid|sugar",
        (
            "Is this healthy?",
            "how many calories does it have",
            "Which allergens does this contain?",
            "Does it have a lot of sugar?",
            "Is there any lactose in this?",
            "what vitamins are in it",
            "Can I have this with a nut allergy?",
            "How much fat is in it?",
            "Is it rich in fibre?",
            "does it contain gluten",
            "What are the nutrition facts?",
            "Is this safe for somebody with allergies?",
            "how much protein do I get from this",
            "What is in it that I could be allergic to?",
            "is it good for my health",
            "Tell me the nutritional values.",
        ),
    ),
    Topic(
        "similar",
        "Products similar to {name}",
        "What can I buy instead of {name}?",
        "Instead of {name} you can take: {others}.",
        r"similar|alternative|instead|compared|variet",
        (
            "Do you have something similar?",
            "what could I take instead",
            "Is there an alternative to this?",
            "What else is like this?",
            "which products can replace it",
            "Do you sell other varieties of it?",
            "what do you recommend if this is sold out",
            "Is there a comparable one?",
            "Can you show me products like this one?",
            "What is the closest substitute?",
            "are there other kinds of these",
            "Which one could I choose in place of this?",
            "I want a replacement for this, any suggestions",
            "Anything of the same sort?",
            "what other options like it do you carry",
            "What would be a good substitute?",
        ),
    ),
)


def entry_id(product: Product, topic: Topic) -> str:
    return re.sub(r"\W+", "-", f"{product.title} {topic.intent}".lower())


def grocery_entries(products: Sequence[Product]) -> list[Entry]:
    """Every product times every topic, products in order; entries of a product share its one
    picture.
    """
    return [_entry(product, topic, products) for product in products for topic in TOPICS]


def _entry(product: Product, topic: Topic, products: Sequence[Product]) -> Entry:
    others = [p.title for p in products if p.kind == product.kind and p is not product]
    words = {
        "name": product.title,
        "kind": product.kind.lower(),
        "others": ", ".join(others) or "ask us in the shop",
    }
    sentences = re.split(r"(?<=[.!?])\s+", product.description)
    fitting = [sentence for sentence in sentences if re.search(topic.about, sentence, re.I)]
    return Entry(
        id=entry_id(product, topic),
        title=topic.title.format(**words),
        answer=" ".join([topic.answer.format(**words), *fitting]),
        questions=(topic.question.format(**words),),
        intent=topic.intent,
        pictures=(product.picture,),
        source="GroceryStoreDataset",
    )
