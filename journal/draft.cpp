#include "journal/draft.h"

namespace daybook {

Draft::Draft(Kind kind)
    : message_(std::make_unique<capnp::MallocMessageBuilder>()),
      core_(message_->initRoot<event::Core>()) {
    core_.setKind(static_cast<std::uint16_t>(kind));
    core_.setSchema(kSchemaVersion);
}

annex::Annex::Builder Draft::addAnnex(AccountId subject) {
    auto message = std::make_unique<capnp::MallocMessageBuilder>();
    const annex::Annex::Builder root = message->initRoot<annex::Annex>();
    annexes_.push_back({.subject = subject, .message = std::move(message), .root = root});
    return annexes_.back().root;
}

}  // namespace daybook
