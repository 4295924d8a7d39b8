#include "journal/base/refusal.h"

namespace daybook {

const char* nameOf(RefusalReason reason) {
    switch (reason) {
        case RefusalReason::NoSuchAccount: return "NoSuchAccount";
        case RefusalReason::NoSuchDomain: return "NoSuchDomain";
        case RefusalReason::NoSuchAddress: return "NoSuchAddress";
        case RefusalReason::NoSuchMailbox: return "NoSuchMailbox";
        case RefusalReason::NoSuchMessage: return "NoSuchMessage";
        case RefusalReason::NoSuchCredential: return "NoSuchCredential";
        case RefusalReason::AccountExists: return "AccountExists";
        case RefusalReason::DomainExists: return "DomainExists";
        case RefusalReason::AddressExists: return "AddressExists";
        case RefusalReason::MailboxExists: return "MailboxExists";
        case RefusalReason::MailboxNameInvalid: return "MailboxNameInvalid";
        case RefusalReason::MailboxIsInbox: return "MailboxIsInbox";
        case RefusalReason::MailboxHasChildren: return "MailboxHasChildren";
        case RefusalReason::AccountDisabled: return "AccountDisabled";
        case RefusalReason::AuthenticationFailed: return "AuthenticationFailed";
        case RefusalReason::AuthenticationTooOften: return "AuthenticationTooOften";
        case RefusalReason::EncryptionRequired: return "EncryptionRequired";
        case RefusalReason::NotPermitted: return "NotPermitted";
        case RefusalReason::SenderNotOwned: return "SenderNotOwned";
        case RefusalReason::RelayDenied: return "RelayDenied";
        case RefusalReason::AddressSuppressed: return "AddressSuppressed";
        case RefusalReason::MessageTooLarge: return "MessageTooLarge";
        case RefusalReason::UnknownEncoding: return "UnknownEncoding";
        case RefusalReason::MailboxFull: return "MailboxFull";
        case RefusalReason::OverQuota: return "OverQuota";
        case RefusalReason::TooManyRecipients: return "TooManyRecipients";
        case RefusalReason::TooManyKeywords: return "TooManyKeywords";
        case RefusalReason::TooManyAnnotations: return "TooManyAnnotations";
        case RefusalReason::SpecialUseRefused: return "SpecialUseRefused";
        case RefusalReason::MailLoop: return "MailLoop";
        case RefusalReason::DomainInUse: return "DomainInUse";
        case RefusalReason::MaildropInUse: return "MaildropInUse";
        case RefusalReason::ModifiedMeanwhile: return "ModifiedMeanwhile";
        case RefusalReason::Overloaded: return "Overloaded";
        case RefusalReason::DiskFull: return "DiskFull";
        case RefusalReason::ShuttingDown: return "ShuttingDown";
        case RefusalReason::StorageFailed: return "StorageFailed";
        case RefusalReason::InvalidArgument: return "InvalidArgument";
    }
    return "unknown";
}

}  // namespace daybook
