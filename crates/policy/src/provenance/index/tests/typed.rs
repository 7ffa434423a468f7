use super::*;

#[test]
fn c11_numbers_are_compared_by_value() {
    for text in ["pay 1500", "pay 1,500!", "pay $1500.00", "1.500,00 EUR", "(1.5e3)", "\u{20ac}1500", "+1500"]
    {
        assert!(number(text, "1500"), "{text}");
        check(
            text,
            &["1500", "1,500", "1500.00", "1.5e3"],
            &["150", "15", "500", "00", "15000", "-1500", "1500.5"],
        );
    }
    for text in [
        "a1500", "1500a", "1500-2", "2-1500", "1500.1.2", "15:00", "1500/2", "-1500", "01500", "1,500,0",
        "1500:1",
    ] {
        assert!(!number(text, "1500"), "{text}");
    }
    assert!(number("12,5 %", "12.5") && number("-3 degrees", "-3") && number("0.05", "5e-2"));
    check("code 007", &["007"], &["7"]);
    check("9007199254740993", &["9007199254740993.0"], &["9007199254740992"]);
}

#[test]
fn c11_very_short_values_are_tokens_of_their_own() {
    check(
        "a 1 b2, item-3 $4 (5) v.6 x",
        &["a", "1", "b2", "4", "5", "x"],
        &["b", "2", "3", "6", "v", "item"],
    );
    assert!(number("1. first", "1") && !number("10", "1") && !number("1.0.0", "1"));
}

#[test]
fn c11_dates_in_other_formats_are_the_same() {
    let day = ["2026-11-23", "23 November 2026", "Nov 23, 2026", "11/23/2026", "23.11.2026", "23-Nov-2026"];
    let more =
        ["2026/11/23", "November 23rd, 2026", "the 23rd of november 2026", "23/11/2026", "nov. 23 2026"];
    for text in day.iter().chain(&more) {
        check(
            &format!("Meet on {text}, please."),
            &day,
            &["2026-11-22", "2026-12-23", "2025-11-23", "2026-11-32"],
        );
    }
    for text in
        ["2026-11-231", "x2026-11-23", "2026-11-23-1", "1/2026-11-23", "11/23", "November 23", "2026-11"]
    {
        check(text, &[], &["2026-11-23"]);
    }
    check("05/06/2026", &["05/06/2026"], &["2026-05-06", "2026-06-05", "06/05/2026"]);
    check("05/05/2026", &["2026-05-05"], &[]);
    check("2026-02-30", &["2026-02-30"], &["Feb 30, 2026"]);
}

#[test]
fn c11_times_in_other_formats_are_the_same() {
    let ten = ["10:00", "10 am", "10:00 AM", "10am", "10 a.m.", "10:00:00"];
    for text in ten {
        check(&format!("Meet at {text}, please"), &ten, &["10:01", "22:00", "10 pm", "10:00:01", "00"]);
    }
    check("10:00 pm", &["22:00", "10 PM"], &["10:00", "10 am"]);
    check("12 am, 12 pm", &["00:00", "12:00"], &["24:00"]);
    check("from 10:00-11:30 (13:00\u{2013}14:00)", &["10:00", "11:30", "13:00", "14:00"], &["10:00-11:00"]);
    check("10:00:30, 110:00, 1:100, 25:00", &["10:00:30"], &["10:00", "1:10", "1:00"]);
}

#[test]
fn c11_dates_with_times_stand_side_by_side() {
    let spelled = [
        "2026-11-23 10:00",
        "2026-11-23T10:00:00",
        "10 am on Monday, November 23, 2026",
        "11/23/2026 at 10:00 am",
    ];
    for text in spelled {
        check(&format!("Move it to {text}."), &spelled, &["2026-11-23 11:00", "2026-11-24 10:00"]);
        check(&format!("Move it to {text}."), &["2026-11-23"], &["2026-11-23T10:00:00Z"]);
    }
    let span = "on 2026-11-23 from 10:00 to 11:00 or 12:00-13:00 on Nov 24, 2026";
    check(
        span,
        &["2026-11-23 10:00", "2026-11-23 11:00", "2026-11-24 12:00", "2026-11-24T13:00"],
        &["2026-11-23 12:00", "2026-11-24 11:00"],
    );
    check(
        "2026-11-23T10:00:00.000Z",
        &["2026-11-23 10:00Z", "2026-11-23 10:00"],
        &["2026-11-23T10:00:00+01:00"],
    );
    check("on May 15th at 19:00", &["19:00", "may 15th"], &["2024-05-15 19:00", "2024-05-15"]);
}

#[test]
fn c11_accounts_and_telephones_have_gaps_or_none() {
    let iban = ["GB29 NWBK 6016 1331 9268 19", "GB29NWBK60161331926819", "gb29 nwbk60161331926819"];
    for text in iban {
        check(&format!("Pay {text} for rent"), &iban, &["GB29NWBK60161331926818", "9268191", "GB29NWBK"]);
    }
    check("XGB29NWBK60161331926819 GB29NWBK601613319268190", &[], &iban);
    check("GB29 NWBK 6016 1331 9268 18", &["GB29 NWBK 6016 1331 9268 18"], &["GB29NWBK60161331926818"]);
    let phone = ["+49 (151) 123-456 78", "+4915112345678", "+49 151 12345678"];
    for text in phone {
        check(
            &format!("Call {text}."),
            &phone,
            &["+491511234567", "+4915112345679", "+49 (151) 123-456", "15112345678"],
        );
    }
    check("555-123-4567", &["(555) 123-4567", "5551234567"], &["555-123", "123-4567", "15551234567"]);
    check("+1 555-123-4567, 0 555 123 45 67 8", &["+15551234567"], &["5551234567"]);
    check("2026-1123 0000", &[], &["202611230000"]);
}

#[test]
fn c11_fields_are_the_same_by_type() {
    for (field, value) in [
        ("e-24", "e-24"),
        ("2026-11-23 10:00:00", "2026-11-23 10:00"),
        ("2026-11-23T10:00:00", "2026-11-23"),
        ("2026-11-23", "23 November 2026"),
        ("Ann@Corp.Example", "ann@corp.example"),
        ("GB29 NWBK 6016 1331 9268 19", "GB29NWBK60161331926819"),
        ("+49 151 12345678", "+4915112345678"),
        ("1500.00", "1500"),
        ("https://corp.example:443/a", "https://Corp.example/a"),
    ] {
        assert!(Spelled::of(field).holds(&Spelled::of(value)), "{field} {value}");
    }
    for (field, value) in [
        ("e-24", "E-24"),
        ("e-24 x", "e-24"),
        ("ann smith", "ann"),
        ("meet on 2026-11-23 10:00", "2026-11-23 10:00"),
        ("2026-11-23 10:00", "2026-11-23 10:30"),
        ("2026-11-23", "2026-11-23 10:00"),
        ("ann@corp.example eve@evil.example", "eve@evil.example"),
        ("Eve <eve@evil.example>", "Ann <eve@evil.example>"),
        ("https://corp.example/a", "https://corp.example/A"),
        ("007", "7"),
        ("pass\u{200b}word", "password"),
        ("", "x"),
    ] {
        assert!(!Spelled::of(field).holds(&Spelled::of(value)), "{field} {value}");
    }
    let seven = Number::parse("7").unwrap();
    assert!(
        Spelled::of("7").is_number(&seven)
            && !Spelled::of("07").is_number(&seven)
            && !Spelled::of("7 x").is_number(&seven)
    );
}

#[test]
fn c11_days_without_a_year_are_found_apart() {
    let day = |text: &str, value: &str| {
        DatedValue::of(&Value::Text(value.to_owned())).is_some_and(|date| Index::of(text).has_day(&date))
    };
    let year = |text: &str, value: &str| {
        DatedValue::of(&Value::Text(value.to_owned())).is_some_and(|date| Index::of(text).has_year(&date))
    };
    for text in
        ["on May 15th at 19:00.", "on 15 May, 7 pm", "19:00 on the 15th of may", "May 15 from 18:00 to 19:00"]
    {
        assert!(day(text, "2024-05-15 19:00") && day(text, "2025-05-15T19:00:00"), "{text}");
        assert!(day(text, "2024-05-15") || !text.starts_with("on"), "{text}");
        assert!(
            !day(text, "2024-05-15 20:00") && !day(text, "2024-05-16 19:00") && !day(text, "19:00"),
            "{text}"
        );
        assert!(!year(text, "2024-05-15"), "{text}");
        check(text, &[], &["2024-05-15 19:00", "2024-05-15"]);
    }
    // It says its year.
    assert!(!day("on May 15th, 2024 at 19:00", "2025-05-15 19:00"));
    for text in ["May 15-17", "May 151", "xMay 15", "May 15x", "15/05", "May 2024", "15", "Feb 30"] {
        assert!(!day(text, "2024-05-15"), "{text}");
    }
    assert!(year("today is 2024-01-31", "2024-05-15") && year("Nov 3, 2024 10:00", "2024-05-15"));
    for text in ["2025-05-15", "2024", "2024 people", "2024-13-01", "May 15"] {
        assert!(!year(text, "2024-05-15"), "{text}");
    }
}

#[test]
fn c11_a_day_begins_at_midnight() {
    for text in ["on 2026-11-23", "Nov 23, 2026, at 10:00"] {
        check(
            text,
            &["2026-11-23 00:00", "2026-11-23T00:00:00"],
            &["2026-11-23 01:00", "2026-11-24 00:00", "00:00"],
        );
    }
}
