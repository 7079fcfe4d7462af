//! What a page says when there is nothing to show: in French, what to do about it, and nothing of the inside.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::access::Refusal;
use super::frame;
use crate::store::StoreError;

/// Why a page cannot be shown.
#[derive(Debug)]
pub enum Failure {
    /// What is not there, in a sentence.
    NotFound(&'static str),
    /// The plan file is not what was sealed.
    DamagedPlan,
    /// The plan's file is gone, or cannot be read.
    MissingPlan,
    /// Not now.
    Busy,
    Refused(Refusal),
    Store(StoreError),
    Stopped,
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Failure {
    /// Status, title, and what to do.
    const fn told(&self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::NotFound(what) => (StatusCode::NOT_FOUND, "Introuvable", what),
            Self::DamagedPlan => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "Plan altéré",
                "Le fichier de ce plan n'est plus celui qui a été scellé : rien n'en est montré, et rentree apply le \
                 refuse. Calculez-en un autre (rentree plan), et cherchez qui a touché au dossier des plans.",
            ),
            Self::MissingPlan => (
                StatusCode::NOT_FOUND,
                "Fichier du plan introuvable",
                "Le registre connaît ce plan, mais son fichier a expiré ([retention] plans), n'est plus là ou ne se lit pas. Calculez-en un autre \
                 (rentree plan).",
            ),
            Self::Busy => (
                StatusCode::SERVICE_UNAVAILABLE,
                "Trop occupé",
                "La page n'a pas pu être faite à temps ; une exécution est peut-être en cours. Réessayez dans un moment.",
            ),
            Self::Refused(Refusal::Host) => (
                StatusCode::MISDIRECTED_REQUEST,
                "Adresse refusée",
                "La console ne répond qu'à l'adresse de la machine elle-même (127.0.0.1 ou localhost), avec son port. \
                 Par un tunnel SSH, gardez le même numéro de port des deux côtés.",
            ),
            Self::Refused(Refusal::Method) => (
                StatusCode::METHOD_NOT_ALLOWED,
                "Lecture seule",
                "La console ne change rien : elle ne fait que montrer.",
            ),
            Self::Refused(Refusal::NoKey) => (
                StatusCode::UNAUTHORIZED,
                "Clé demandée",
                "Ouvrez l'adresse que rentree serve a affichée à son démarrage, avec sa clé. La clé change à \
                 chaque démarrage.",
            ),
            Self::Refused(Refusal::WrongKey) => (
                StatusCode::UNAUTHORIZED,
                "Clé refusée",
                "Cette clé n'est pas celle de cette console. Reprenez l'adresse que rentree serve a affichée à son \
                 dernier démarrage.",
            ),
            Self::Refused(Refusal::TooManyWrongKeys) => (
                StatusCode::TOO_MANY_REQUESTS,
                "Trop de clés refusées",
                "Trop de clés fausses ont été essayées. La bonne est toujours acceptée : reprenez l'adresse que \
                 rentree serve a affichée à son démarrage.",
            ),
            Self::Store(_) | Self::Stopped => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "Une erreur est survenue",
                "Le registre n'a pas pu être lu. Le journal de rentree serve en dit davantage ; rentree doctor vérifie \
                 l'installation.",
            ),
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        if let Self::Store(error) = &self {
            // Tables and files, never a person.
            tracing::error!(error = error as &dyn std::error::Error, "a page cannot be shown");
        }
        let (status, title, what) = self.told();
        frame::message(status, title, what, !matches!(self, Self::Refused(_)))
    }
}
