//! Pages for people. They have nothing but text: no script, no style, nothing from elsewhere.

use std::{borrow::Cow, fmt::Write};

use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode, header};

use super::ApiError;

/// A page, of plain texts.
pub(super) struct Page {
    pub(super) status: StatusCode,
    pub(super) title: Cow<'static, str>,
    pub(super) paragraphs: Vec<Cow<'static, str>>,
    /// Where the reader may go on to.
    pub(super) onward: Option<Onward>,
}

/// A link at the end of a page.
pub(super) struct Onward {
    /// What it says.
    pub(super) words: Cow<'static, str>,
    /// Where it leads: an address that we have made.
    pub(super) url: String,
}

/// What every answer to a browser carries: its address may have a token or a code in it, which is for nobody else.
pub(super) const HEADERS: [(HeaderName, HeaderValue); 4] = [
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        ),
    ),
];

impl Page {
    /// A refusal, for people.
    pub(super) fn refusal(title: impl Into<Cow<'static, str>>, error: &ApiError) -> Self {
        let problem = error.problem();
        let mut paragraphs = vec![sentence(problem.message()).into()];
        paragraphs.extend(problem.help().map(|help| sentence(help).into()));
        paragraphs.push(format!("({})", problem.code()).into());
        Self { status: error.status(), title: title.into(), paragraphs, onward: None }
    }

    fn html(&self) -> String {
        let mut html = String::from(
            "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n",
        );
        let title = escaped(&self.title);
        let _ = writeln!(html, "<title>{title}</title>\n<h1>{title}</h1>");
        for paragraph in &self.paragraphs {
            let _ = writeln!(html, "<p>{}</p>", escaped(paragraph));
        }
        if let Some(Onward { words, url }) = &self.onward {
            let (words, url) = (escaped(words), escaped(url));
            let _ = writeln!(html, "<p><a rel=\"noreferrer\" href=\"{url}\">{words}</a></p>");
        }
        html
    }
}

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        let kind = (header::CONTENT_TYPE, "text/html; charset=utf-8");
        (self.status, HEADERS, [kind], self.html()).into_response()
    }
}

/// Messages begin in lower case and have no full stop, as in logs.
fn sentence(message: &str) -> String {
    let mut chars = message.chars();
    let first = chars.next().map(|first| first.to_uppercase().to_string());
    format!("{}{}.", first.unwrap_or_default(), chars.as_str())
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_a_platform_calls_somebody_is_text() {
        let page = Page {
            status: StatusCode::OK,
            title: "<script>alert('x')</script>".into(),
            paragraphs: vec!["a & \"b\"".into()],
            onward: Some(Onward { words: "<go>".into(), url: "https://a/?b=1&c=\"".into() }),
        };
        let html = page.html();
        assert!(!html.contains("<script") && html.contains("&lt;script&gt;alert(&#39;x&#39;)"));
        assert!(html.contains("<p>a &amp; &quot;b&quot;</p>"), "{html}");
        let link = "href=\"https://a/?b=1&amp;c=&quot;\">&lt;go&gt;</a>";
        assert!(html.contains(link), "{html}");
    }
}
