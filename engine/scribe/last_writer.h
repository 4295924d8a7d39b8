// last_writer.h
//
// What the journal tells of who wrote it before: each writer has an epoch of its own, so that the
// first and last events of the last server are found without reading those between, however long
// it ran. Reads only. Thread: scribe, at the start.
#pragma once

#include "engine/scribe/command.h"
#include "journal/journal.h"

namespace daybook {

// For the writer that begins now: its epoch, the head it found, and whether the last server said
// that it stopped (also true if there was none).
RecordServerStarted describeStartOf(const Journal& journal);

}  // namespace daybook
