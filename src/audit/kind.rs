//! What can happen.

/// Kinds of events. The name is what the trail keeps: it never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    RunStarted,
    RunFinished,
    DeliveryAccepted,
    DeliveryRefused,
    PlanSaved,
    /// Somebody has read a plan, or a part of it.
    PlanReviewed,
    /// Files of old plans were removed.
    PlansExpired,
    ChangeApplied,
    ChangeFailed,
    HoldNew,
    HoldReleased,
    HoldDiscarded,
    /// A hold of the last run is no more, or a decision on it came to its end; the payload says how.
    HoldClosed,
    CaseDecided,
    NameReserved,
    /// A person's join key is another now; the payload names the pseudonym of the former one.
    JoinKeyChanged,
    CredentialIssued,
    CredentialsPrepared,
    CredentialRevoked,
    CredentialsExpired,
    /// Another first password took the place of somebody's; the payload says why.
    CredentialReissued,
    /// Envelopes were sealed anew for other recipients.
    EnvelopesResealed,
    /// Nobody was given envelopes: too many were opened within an hour.
    OpeningsRefused,
    Printed,
    SheetsShredded,
    EnvelopeOpened,
    KeyCreated,
    /// `userPassword` values left the directory.
    HashesExported,
    /// The trail was verified, with the verdict.
    TrailVerified,
    /// What the trail held on a person was erased.
    PayloadErased,
    /// Events that a process left behind when it ended were taken up by the next one.
    EventsRecovered,
    /// How many low-value events were not written one by one.
    Summary,
    /// Low value: something noteworthy in a delivery.
    Finding,
    /// Low value: a write that had to be tried again.
    Retry,
    /// Somebody came into the web console with its key.
    ConsoleOpened,
    /// Somebody looked at the page of one person.
    PersonLookedUp,
    /// Low value: somebody came to the web console with a wrong key.
    ConsoleRefused,
    /// The register was rebuilt from the directory, because the store was lost or old.
    RegisterRecovered,
    /// What was held on somebody who has left was erased; the payload says why.
    PersonErased,
    /// A print pack was made for a school.
    PackMade,
    /// Somebody's sheet went into a pack.
    SheetPacked,
    /// A pack was given up: what is in it may be printed otherwise.
    PackCancelled,
    /// A school printed from a pack; its receipt was verified.
    ReceiptEntered,
    /// A receipt was forged, altered, or of no pack of ours.
    ReceiptRefused,
}

impl Kind {
    pub const ALL: [Self; 44] = [
        Self::RunStarted,
        Self::RunFinished,
        Self::DeliveryAccepted,
        Self::DeliveryRefused,
        Self::PlanSaved,
        Self::PlanReviewed,
        Self::PlansExpired,
        Self::ChangeApplied,
        Self::ChangeFailed,
        Self::HoldNew,
        Self::HoldReleased,
        Self::HoldDiscarded,
        Self::HoldClosed,
        Self::CaseDecided,
        Self::NameReserved,
        Self::JoinKeyChanged,
        Self::CredentialIssued,
        Self::CredentialsPrepared,
        Self::CredentialRevoked,
        Self::CredentialsExpired,
        Self::CredentialReissued,
        Self::EnvelopesResealed,
        Self::OpeningsRefused,
        Self::Printed,
        Self::SheetsShredded,
        Self::EnvelopeOpened,
        Self::KeyCreated,
        Self::HashesExported,
        Self::TrailVerified,
        Self::PayloadErased,
        Self::EventsRecovered,
        Self::Summary,
        Self::Finding,
        Self::Retry,
        Self::ConsoleOpened,
        Self::PersonLookedUp,
        Self::ConsoleRefused,
        Self::RegisterRecovered,
        Self::PersonErased,
        Self::PackMade,
        Self::SheetPacked,
        Self::PackCancelled,
        Self::ReceiptEntered,
        Self::ReceiptRefused,
    ];

    /// As the trail keeps it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::RunStarted => "run_started",
            Self::RunFinished => "run_finished",
            Self::DeliveryAccepted => "delivery_accepted",
            Self::DeliveryRefused => "delivery_refused",
            Self::PlanSaved => "plan_saved",
            Self::PlanReviewed => "plan_reviewed",
            Self::PlansExpired => "plans_expired",
            Self::ChangeApplied => "change_applied",
            Self::ChangeFailed => "change_failed",
            Self::HoldNew => "hold_new",
            Self::HoldReleased => "hold_released",
            Self::HoldDiscarded => "hold_discarded",
            Self::HoldClosed => "hold_closed",
            Self::CaseDecided => "case_decided",
            Self::NameReserved => "name_reserved",
            Self::JoinKeyChanged => "join_key_changed",
            Self::CredentialIssued => "credential_issued",
            Self::CredentialsPrepared => "credentials_prepared",
            Self::CredentialRevoked => "credential_revoked",
            Self::CredentialsExpired => "credentials_expired",
            Self::CredentialReissued => "credential_reissued",
            Self::EnvelopesResealed => "envelopes_resealed",
            Self::OpeningsRefused => "openings_refused",
            Self::Printed => "printed",
            Self::SheetsShredded => "sheets_shredded",
            Self::EnvelopeOpened => "envelope_opened",
            Self::KeyCreated => "key_created",
            Self::HashesExported => "hashes_exported",
            Self::TrailVerified => "trail_verified",
            Self::PayloadErased => "payload_erased",
            Self::EventsRecovered => "events_recovered",
            Self::Summary => "summary",
            Self::Finding => "finding",
            Self::Retry => "retry",
            Self::ConsoleOpened => "console_opened",
            Self::PersonLookedUp => "person_looked_up",
            Self::ConsoleRefused => "console_refused",
            Self::RegisterRecovered => "register_recovered",
            Self::PersonErased => "person_erased",
            Self::PackMade => "pack_made",
            Self::SheetPacked => "sheet_packed",
            Self::PackCancelled => "pack_cancelled",
            Self::ReceiptEntered => "receipt_entered",
            Self::ReceiptRefused => "receipt_refused",
        }
    }

    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// Kinds that may come by the thousand and say little one by one. Only these pass a quota; the type keeps every other
/// kind out of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Note {
    Finding,
    Retry,
    ConsoleRefused,
}

impl From<Note> for Kind {
    fn from(note: Note) -> Self {
        match note {
            Note::Finding => Self::Finding,
            Note::Retry => Self::Retry,
            Note::ConsoleRefused => Self::ConsoleRefused,
        }
    }
}
