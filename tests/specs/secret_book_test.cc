#include "specs/base/secret_book.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "specs/base/base64.h"
#include "specs/base/json.h"

namespace switchyard {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(SecretBook, HidesASecretInEveryFormThatAnErrorMayQuoteItIn) {
  SecretBook book;
  book.keep("pass/word=\"1\"\n");
  for (const std::string& form :
       {std::string("pass/word=\"1\"\n"), std::string(R"(pass/word=\"1\"\n)"), std::string("pass%2Fword%3D%221%22%0A"),
        std::string("pass%2fword%3d%221%22%0a"), std::string("706173732f776f72643d2231220a"),
        base64("pass/word=\"1\"\n"), std::string("***")}) {
    EXPECT_THAT(book.without_secrets("before " + form + " behind"), HasSubstr("before ***"));
    EXPECT_THAT(book.without_secrets("before " + form + " behind"), HasSubstr("behind"));
  }
  for (const char* before : {"", "a", "ab", "abc"}) {
    const std::string shown = book.without_secrets(base64(before + std::string("pass/word=\"1\"\n") + "behind"));
    EXPECT_THAT(shown, HasSubstr("***"));
    EXPECT_LT(shown.size(), 20U);
  }
}

TEST(SecretBook, HidesASecretInJsonHoweverItIsEscaped) {
  SecretBook book;
  book.keep("a/secret");
  const std::string body =
      book.body_without_secrets(R"({"error": {"message": "no: \u0061\/s\u0065cret", "a/secret": [1]}})");
  EXPECT_EQ(body, R"({"error":{"message":"no: ***","***":[1]}})");
}

TEST(SecretBook, LeavesWhatIsTooShortToBeFound) {
  SecretBook book;
  book.keep("");
  book.keep("abc");
  EXPECT_EQ(book.without_secrets("abcdef"), "abcdef");
}

TEST(SecretBook, HidesTheLongerOfTwoThatBeginAlike) {
  SecretBook book;
  book.keep("token");
  book.keep("token-of-mine");
  EXPECT_EQ(book.without_secrets("token-of-mine token"), "*** ***");
}

}  // namespace
}  // namespace switchyard
