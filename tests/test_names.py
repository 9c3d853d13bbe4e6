"""The names in a base that customers are likely to say."""

from mm_support.language.names import names


def test_names_are_written_with_a_capital_inside_a_sentence_the_frequent_first():
    texts = [
        "Does the Wren 300 pair with two phones?",
        "How loud is the Wren 300? Reset it. Then call me.",
        "My Linnet Buds do not charge",
        "Can I return it if I do not like it?",
    ]
    assert names(texts, 9) == ("Wren 300", "Linnet Buds")
    assert names(texts, 1) == ("Wren 300",)


def test_latin_names_between_chinese_words():
    assert names(["我的 WH-1000XM5 连不上 Bluetooth", "怎么退货"], 9) == ("WH-1000XM5", "Bluetooth")


def test_the_first_word_of_a_line_is_no_name():
    assert names(["A voucher is entered at checkout.\n\nMinimum order\nIt is 20 euros."], 9) == ()
