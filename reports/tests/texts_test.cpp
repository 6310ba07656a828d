// Texts of others, in each form that a report has.
#include "reports/markdown_text.hpp"
#include "reports/xml_text.hpp"

#include "conformance/printable.hpp"

#include <gtest/gtest.h>

namespace bpf_assay::reports {
namespace {

using conformance::printable;
using conformance::shortened;

TEST(printable, keeps_what_is_harmless) {
    EXPECT_EQ(printable("r1 += 2, 100 %"), "r1 += 2, 100 %");
    EXPECT_EQ(printable("\u00fcber \u4e2d \U0001f600"), "\u00fcber \u4e2d \U0001f600");
    EXPECT_EQ(printable(""), "");
}

TEST(printable, moves_no_cursor_and_turns_no_text) {
    EXPECT_EQ(printable("a\x1b[31mb\r\n\x07\x7f"), "a [31mb    ");
    EXPECT_EQ(printable("a\u009b2Jb"), "a 2Jb"); // the C1 form of ESC [
    EXPECT_EQ(printable("a\u202eb\u2066c\u2028d\u200fe"), "a b c d e");
}

TEST(printable, replaces_what_is_no_utf8) {
    EXPECT_EQ(printable("a\xff"), "a\ufffd");
    EXPECT_EQ(printable("\xc3"), "\ufffd");                     // cut
    EXPECT_EQ(printable("\xc0\xaf"), "\ufffd\ufffd");           // longer than it has to be
    EXPECT_EQ(printable("\xed\xa0\x80"), "\ufffd\ufffd\ufffd"); // half of a pair
    EXPECT_EQ(printable("\xf5\x80\x80\x80"), "\ufffd\ufffd\ufffd\ufffd"); // above U+10FFFF
}

TEST(shortened, cuts_between_characters) {
    EXPECT_EQ(shortened("abc", 3), "abc");
    EXPECT_EQ(shortened("abcd", 3), "abc ...");
    EXPECT_EQ(shortened("ab\u4e2d", 4), "ab ..."); // the third one takes three bytes
}

TEST(markdown_text, is_no_markup) {
    EXPECT_EQ(markdown_text("plain text, 5: 100 %"), "plain text, 5: 100 %");
    EXPECT_EQ(markdown_text("a|b"), "a&#124;b");
    EXPECT_EQ(markdown_text("<img>"), "&#60;img&#62;");
    EXPECT_EQ(markdown_text("a_b `c` [d](e)"), "a&#95;b &#96;c&#96; &#91;d&#93;&#40;e&#41;");
    EXPECT_EQ(markdown_text("&lt;"), "&#38;lt;");
    EXPECT_EQ(markdown_text("@user #1"), "&#64;user &#35;1");
}

TEST(markdown_text, is_one_short_line) {
    EXPECT_EQ(markdown_text("a\nb\r\x1b"), "a b  ");
    EXPECT_EQ(markdown_text(std::string(300, 'x')), std::string(200, 'x') + " ...");
    EXPECT_EQ(markdown_text("abcd", 2), "ab ...");
}

TEST(xml_text, has_only_characters_of_xml) {
    EXPECT_EQ(xml_text("<a&b>\n\tc"), "<a&b>\n\tc"); // escaped by the writer
    EXPECT_EQ(xml_text(std::string_view("a\0b\x1b\r", 5)), "a\\x00b\\x1b\\x0d");
    EXPECT_EQ(xml_text("\xef\xbf\xbe\xef\xbf\xbf"), "\ufffd\ufffd"); // U+FFFE, U+FFFF
    EXPECT_EQ(xml_text("a\xff"), "a\ufffd");
    EXPECT_EQ(xml_text("\u202e"), "\u202e");
}

} // namespace
} // namespace bpf_assay::reports
