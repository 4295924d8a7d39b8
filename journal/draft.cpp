#include "journal/draft.h"

namespace daybook {

namespace {

// Most cores and annexes fit; Cap'n Proto's own choice, 1,024, costs more to clear than to fill.
constexpr unsigned kFirstWords = 96;

}  // namespace

Draft::Draft(Kind kind)
    : message_(std::make_unique<capnp::MallocMessageBuilder>(kFirstWords)),
      core_(message_->initRoot<event::Core>()) {
    core_.setKind(static_cast<std::uint16_t>(kind));
    core_.setSchema(kSchemaVersion);
}

annex::Annex::Builder Draft::addAnnex(AccountId subject) {
    auto message = std::make_unique<capnp::MallocMessageBuilder>(kFirstWords);
    const annex::Annex::Builder root = message->initRoot<annex::Annex>();
    annexes_.push_back({.subject = subject, .message = std::move(message), .root = root});
    return annexes_.back().root;
}

}  // namespace daybook
