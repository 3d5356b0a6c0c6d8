//! Words and numbers of the page.

/// Text as HTML shows it, also in an attribute.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// A template with its `{{names}}` replaced, in one pass: what is put in is not looked at again.
pub(super) fn fill(template: &str, values: &[(&str, String)]) -> String {
    let mut text = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        text.push_str(before);
        let Some((name, behind)) = after.split_once("}}") else {
            rest = after;
            break;
        };
        text.push_str(values.iter().find(|(other, _)| *other == name).map_or("", |(_, value)| value));
        rest = behind;
    }
    text + rest
}

/// Three digits.
pub(super) fn factor(number: f64) -> String {
    let decimals = if number < 10.0 { 2 } else { usize::from(number < 100.0) };
    format!("{number:.decimals$}")
}

/// A part of a whole as `12.345%`; at most the whole.
pub(super) fn percent(part: f64, whole: f64) -> String {
    let part = if whole > 0.0 { (part / whole).clamp(0.0, 1.0) } else { 0.0 };
    let text = format!("{:.3}", part * 100.0);
    format!("{}%", text.trim_end_matches('0').trim_end_matches('.'))
}

/// Round numbers from 0 to just below `most`, about five of them.
pub(super) fn ticks(most: f64) -> Vec<f64> {
    if !(most > 0.0 && most.is_finite()) {
        return vec![0.0];
    }
    let rough = most / 5.0;
    let power = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|digit| digit * power).find(|step| *step >= rough);
    let step = step.unwrap_or(10.0 * power);
    (0..12).map(|index| f64::from(index) * step).take_while(|tick| *tick <= most).collect()
}

/// A tick's words: no more digits than it has.
pub(super) fn tick_text(seconds: f64, most: f64) -> String {
    let (number, unit) = match most {
        most if most >= 2.0 => (seconds, "s"),
        most if most >= 2e-3 => (seconds * 1e3, "ms"),
        _ => (seconds * 1e6, "µs"),
    };
    if seconds == 0.0 { "0".to_owned() } else { format!("{} {unit}", (number * 1000.0).round() / 1000.0) }
}

#[cfg(test)]
mod tests {
    use super::{escape, fill, percent, tick_text, ticks};

    #[test]
    fn text_stays_text() {
        assert_eq!(escape("<b a=\"1\">'&"), "&lt;b a=&quot;1&quot;&gt;&#39;&amp;");
    }

    #[test]
    fn what_is_filled_in_is_not_a_template() {
        assert_eq!(fill("{{a}} {{b}}-{{none}}.", &[("a", "{{b}}".into()), ("b", "2".into())]), "{{b}} 2-.");
    }

    #[test]
    fn axes_begin_at_zero_and_have_round_steps() {
        assert_eq!(ticks(0.65).len(), 4);
        assert_eq!(
            ticks(1.0).iter().map(|tick| tick_text(*tick, 1.0)).collect::<Vec<_>>(),
            ["0", "200 ms", "400 ms", "600 ms", "800 ms", "1000 ms"]
        );
        assert_eq!(ticks(0.0), [0.0]);
    }

    #[test]
    fn parts_are_never_more_than_the_whole() {
        assert_eq!([percent(1.0, 3.0), percent(5.0, 2.0), percent(1.0, 0.0)], ["33.333%", "100%", "0%"]);
    }
}
