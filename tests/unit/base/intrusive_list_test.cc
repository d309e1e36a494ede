// A list whose links live in its elements.
#include "ringway/base/intrusive_list.h"

#include <gtest/gtest.h>

#include <vector>

namespace ringway::base {
namespace {

struct OneTag;
struct OtherTag;
struct Element : ListLink<OneTag>, ListLink<OtherTag> {
    explicit Element(int n) : number(n) {}
    int number;
};
using One = IntrusiveList<Element, OneTag>;
using Other = IntrusiveList<Element, OtherTag>;

template <class List>
std::vector<int> numbers(List& list) {
    std::vector<int> result;
    list.for_each([&](Element& element) { result.push_back(element.number); });
    return result;
}
bool in_one(const Element& element) {
    return static_cast<const ListLink<OneTag>&>(element).linked();
}

TEST(IntrusiveList, KeepsTheOrderOfBothEnds) {
    Element a(1), b(2), c(3);
    One list;
    EXPECT_TRUE(list.empty());
    list.push_back(b);
    list.push_front(a);
    list.push_back(c);
    EXPECT_EQ(numbers(list), (std::vector<int>{1, 2, 3}));
    EXPECT_EQ(list.front().number, 1);
    EXPECT_EQ(list.back().number, 3);
    EXPECT_EQ(&list.pop_front(), &a);
    EXPECT_FALSE(in_one(a));
    EXPECT_EQ(numbers(list), (std::vector<int>{2, 3}));
}

TEST(IntrusiveList, LetsAnElementLeaveFromAnywhere) {
    Element a(1), b(2), c(3);
    One list;
    for (Element* element : {&a, &b, &c}) list.push_back(*element);
    static_cast<ListLink<OneTag>&>(b).unlink();
    EXPECT_FALSE(in_one(b));
    EXPECT_EQ(numbers(list), (std::vector<int>{1, 3}));
    static_cast<ListLink<OneTag>&>(c).unlink();
    EXPECT_EQ(list.back().number, 1);
    static_cast<ListLink<OneTag>&>(a).unlink();
    EXPECT_TRUE(list.empty());
    list.push_front(b);
    EXPECT_EQ(numbers(list), (std::vector<int>{2}));
}

TEST(IntrusiveList, LetsAnElementStandInSeveralLists) {
    Element a(1), b(2);
    One one;
    Other other;
    one.push_back(a);
    one.push_back(b);
    other.push_back(b);
    other.push_back(a);
    one.pop_front();
    EXPECT_EQ(numbers(one), (std::vector<int>{2}));
    EXPECT_EQ(numbers(other), (std::vector<int>{2, 1}));
}

TEST(IntrusiveList, LetsAVisitUnlinkItsElement) {
    Element a(1), b(2), c(3);
    One list;
    for (Element* element : {&a, &b, &c}) list.push_back(*element);
    std::vector<int> seen;
    list.for_each([&](Element& element) {
        seen.push_back(element.number);
        if (element.number != 2) static_cast<ListLink<OneTag>&>(element).unlink();
    });
    EXPECT_EQ(seen, (std::vector<int>{1, 2, 3}));
    EXPECT_EQ(numbers(list), (std::vector<int>{2}));
}

}  // namespace
}  // namespace ringway::base
