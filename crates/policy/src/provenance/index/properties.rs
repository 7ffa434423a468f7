use proptest::prelude::*;

use super::*;

fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

/// Values of every type, and texts.
fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{2,9}",
        "[a-z]{1,6}( [a-z]{1,6}){1,4}",
        "[a-zäöüßςλж]{2,9}",
        "[a-z]{1,6}\\.[a-z]{1,5}@[a-z]{1,6}\\.example",
        "https?://[a-z]{1,6}\\.example(/[a-zA-Z0-9]{1,5}){0,3}(\\?[a-z]=[0-9])?",
        "[1-9][0-9]{0,8}(\\.[0-9]{1,3})?",
        "20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])( (0[0-9]|1[0-9]):[0-5][0-9])?",
        "(/[a-z]{1,5}){1,4}\\.txt",
        "\\+[1-9][0-9]{9,13}",
    ]
}

proptest! {
    #[test]
    fn a_value_at_the_boundaries_of_tokens_is_held(
        before in "[^\u{0}-\u{1f}]{0,80}", value in value(), behind in "\\PC{0,80}", gap in "[ \n\t]{1,3}",
    ) {
        // A telephone number could go on, and a combining mark would change the gap.
        let whole = format!("{before};{gap}{value}{gap};{behind}");
        prop_assert!(Index::of(&whole).holds(&text(&value)), "{whole:?} {value:?}");
    }

    #[test]
    fn a_value_within_a_word_is_not_held(
        before in "[A-Z ]{0,40}", value in value(), behind in "[A-Z ]{0,40}",
        left in "[q_é\u{200b}]", right in "[q_é\u{200b}]", side in 0..3,
    ) {
        // What stands around says it, too; of a midnight, the day.
        prop_assume!(!value.contains("00:00") && !value.chars().all(|c| matches!(c, 'q' | ' ')));
        let left = if side == 0 { "" } else { left.as_str() };
        let right = if side == 1 { "" } else { right.as_str() };
        let digits = Index::of("");
        prop_assert!(!digits.holds(&text(&value)));
        // The text around has no letter that values have.
        let whole = format!("{} {left}{value}{right} {}", before.replace(|c: char| c != ' ', "Q"),
            behind.replace(|c: char| c != ' ', "Q"));
        let can_begin = value.starts_with("http") && side == 1;
        prop_assert!(can_begin || !Index::of(&whole).holds(&text(&value)), "{whole:?} {value:?}");
    }

    #[test]
    fn case_and_white_space_change_nothing(
        before in "[a-z@./: 0-9-]{0,60}", value in value(), behind in "[a-z@./: 0-9-]{0,60}", inner in prop::bool::ANY,
    ) {
        let whole = if inner { format!("{before}{value}{behind}") } else { format!("{before} {value} {behind}") };
        let held = Index::of(&whole).holds(&text(&value));
        let wide = whole.replace(' ', " \n\u{a0}");
        prop_assert_eq!(Index::of(&wide).holds(&text(&value)), held);
        prop_assert_eq!(Index::of(&whole).holds(&text(&format!("\t{} ", value.replace(' ', "\n ")))), held);
        if !value.contains("://") {
            prop_assert_eq!(Index::of(&whole.to_uppercase()).holds(&text(&value)), held);
            prop_assert_eq!(Index::of(&whole).holds(&text(&value.to_uppercase())), held);
        }
    }

    #[test]
    fn any_text_and_value_can_be_compared(whole in any::<String>(), value in any::<String>()) {
        let index = Index::of(&whole);
        index.holds(&text(&value));
        index.holds(&text(&whole));
        let hidden = format!("{value}\u{200b}");
        prop_assert!(!index.holds(&text(&hidden)));
        prop_assert!(index.size() < 200 + 100 * whole.len());
    }

    #[test]
    fn texts_like_values_can_be_compared(
        whole in "([a-z0-9@.:/ ,+-]|am|pm|may|2026|https://|www\\.|\u{301}|é){0,60}",
        value in "([a-z0-9@.:/ ,+-]|am|pm|may|2026|https://|www\\.|\u{301}|é){0,12}",
    ) {
        Index::of(&whole).holds(&text(&value));
    }
}
