//! The `OpenAPI` document: what the handlers and the types say, and what holds for all of them.

use utoipa::{
    OpenApi,
    openapi::{
        self, ContentBuilder, ObjectBuilder, Ref, RefOr, Required,
        path::{ParameterBuilder, ParameterIn, Paths},
        response::ResponseBuilder,
        schema::Type,
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

use super::error::{ErrorAnswer, Problem};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Stagedoor",
        description = "Who is on the dashboard, and what happens around their streams. Every request but webhooks \
            carries a token, `Authorization: Bearer …`: a user's own is for that user's things, one with the role \
            `service` or `admin` for everybody's. Unknown fields and parameters are refused.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    components(schemas(ErrorAnswer, Problem)),
    security(("token" = [])),
    tags(
        (name = "presence", description = "Sessions of web backends, and who is here"),
        (name = "stream", description = "The stream: state, start, stop, what it is called"),
        (name = "destinations", description = "Where the stream is sent to, and where it comes from"),
        (name = "events", description = "What happened: read by all, reported by services"),
        (name = "alerts", description = "What the overlays show"),
        (name = "livestreams", description = "Past livestreams"),
        (name = "analytics", description = "Numbers over time"),
        (name = "accounts", description = "A user's identities on the platforms"),
        (name = "platforms", description = "What the platforms can do, and the connections to them"),
        (name = "chat", description = "Messages to the chats of all platforms, and moderation"),
        (name = "widgets", description = "Tokens and settings of overlays"),
        (name = "webhooks", description = "What others send"),
    ),
)]
struct Document;

/// The document without paths: the router adds them.
pub(super) fn document() -> openapi::OpenApi {
    Document::openapi()
}

/// Adds what holds for all: the token, the user in the path, and how refusals look.
pub(super) fn complete(document: &mut openapi::OpenApi) {
    let token = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .description(Some(
            "`sub` is the user; `role` is `user` (when absent), `service` or `admin`",
        ))
        .build();
    if let Some(components) = &mut document.components {
        components.add_security_scheme("token", SecurityScheme::Http(token));
    }
    refusals(&mut document.paths);
}

fn refusals(paths: &mut Paths) {
    let refusal = ResponseBuilder::new()
        .description("Refused: what is wrong, where, and what to do")
        .content(
            "application/json",
            ContentBuilder::new().schema(Some(Ref::from_schema_name("ErrorAnswer"))).build(),
        )
        .build();
    for (path, item) in &mut paths.paths {
        let operations =
            [&mut item.get, &mut item.put, &mut item.post, &mut item.delete, &mut item.patch];
        for operation in operations.into_iter().flatten() {
            let responses = &mut operation.responses.responses;
            for response in responses.values_mut() {
                if let RefOr::T(response) = response
                    && response.description.is_empty()
                {
                    response.description = "The answer".into();
                }
            }
            responses.insert("default".into(), RefOr::T(refusal.clone()));
            if path.contains("{user}") {
                let user = ParameterBuilder::new()
                    .name("user")
                    .parameter_in(ParameterIn::Path)
                    .required(Required::True)
                    .description(Some("The user's id: the `sub` of their token"))
                    .schema(Some(
                        ObjectBuilder::new()
                            .schema_type(Type::String)
                            .max_length(Some(128))
                            .build(),
                    ))
                    .build();
                operation.parameters.get_or_insert_default().insert(0, RefOr::T(user));
            }
        }
    }
}
