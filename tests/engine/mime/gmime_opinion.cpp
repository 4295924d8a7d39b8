#include "tests/engine/mime/gmime_opinion.h"

#include <gmime/gmime.h>

#include "engine/mime/decoding.h"

namespace daybook::test {

namespace {

void collect(GMimeObject* object, std::vector<LeafBounds>& leaves) {
    if (object == nullptr) return;
    if (GMIME_IS_MULTIPART(object)) {
        const int count = g_mime_multipart_get_count(GMIME_MULTIPART(object));
        for (int i = 0; i < count; ++i) {
            collect(g_mime_multipart_get_part(GMIME_MULTIPART(object), i), leaves);
        }
        return;
    }
    if (GMIME_IS_MESSAGE_PART(object)) {
        GMimeMessage* const inner = g_mime_message_part_get_message(GMIME_MESSAGE_PART(object));
        if (inner != nullptr) collect(g_mime_message_get_mime_part(inner), leaves);
        return;
    }
    GMimeDataWrapper* const content = g_mime_part_get_content(GMIME_PART(object));
    if (content == nullptr) return;
    const GMimeStream* const stream = g_mime_data_wrapper_get_stream(content);
    leaves.push_back({.begin = stream->bound_start, .end = stream->bound_end});
}

void collectAddresses(InternetAddressList* list, std::string& result) {
    const int count = internet_address_list_length(list);
    for (int i = 0; i < count; ++i) {
        InternetAddress* const address = internet_address_list_get_address(list, i);
        if (INTERNET_ADDRESS_IS_GROUP(address)) {
            collectAddresses(
                internet_address_group_get_members(INTERNET_ADDRESS_GROUP(address)), result);
            continue;
        }
        const char* const text =
            internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(address));
        result += std::string(text == nullptr ? "" : text) + "|";
    }
}

}  // namespace

std::vector<LeafBounds> gmimeLeaves(const std::string& message) {
    mime::initialize();
    GMimeStream* const stream = g_mime_stream_mem_new_with_buffer(message.data(), message.size());
    GMimeParser* const parser = g_mime_parser_new_with_stream(stream);
    g_mime_parser_set_persist_stream(parser, TRUE);
    GMimeMessage* const parsed = g_mime_parser_construct_message(parser, nullptr);
    std::vector<LeafBounds> leaves;
    if (parsed != nullptr) {
        collect(g_mime_message_get_mime_part(parsed), leaves);
        g_object_unref(parsed);
    }
    g_object_unref(parser);
    g_object_unref(stream);
    return leaves;
}

std::string gmimeAddresses(const std::string& value) {
    mime::initialize();
    std::string result;
    InternetAddressList* const list = internet_address_list_parse(nullptr, value.c_str());
    if (list == nullptr) return result;
    collectAddresses(list, result);
    g_object_unref(list);
    return result;
}

}  // namespace daybook::test
