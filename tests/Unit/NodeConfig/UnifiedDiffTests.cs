using RpiAgent.Agent.NodeConfig;
using Xunit;

namespace RpiAgent.Tests.Unit.NodeConfig;

/// <summary>What <c>network plan</c> prints for people, and patch(1) takes.</summary>
public class UnifiedDiffTests
{
    [Fact]
    public void A_change_in_a_long_file_is_shown_with_three_lines_around_it()
    {
        string[] lines = [.. Enumerable.Range(1, 20_000).Select(i => $"{i}\n")];
        string before = string.Concat(lines);
        lines[9_999] = "x\ny\n";
        Assert.Equal(
            "--- /f\n+++ /f\n@@ -9997,7 +9997,8 @@\n 9997\n 9998\n 9999\n-10000\n+x\n+y\n 10001\n 10002\n 10003\n",
            UnifiedDiff.Of("/f", before, string.Concat(lines)));
    }

    [Fact]
    public void Long_texts_that_differ_from_end_to_end_are_taken_away_and_put_in_whole()
    {
        string before = string.Concat(Enumerable.Range(1, 3_000).Select(i => $"{i}\n")), after = string.Concat(Enumerable.Range(1, 3_000).Select(i => $"{i + 1}\n"));
        string[] diff = UnifiedDiff.Of("/f", before, after).Split('\n');
        Assert.Equal("@@ -1,3000 +1,3000 @@", diff[2]);
        Assert.Equal(["-3000", "+2"], diff[3002..3004]);
    }

    [Theory]
    [InlineData("a\nb\n", "a\nb\n", "")]
    [InlineData("", "a\n", "--- /f\n+++ /f\n@@ -0,0 +1 @@\n+a\n")]
    [InlineData("a\na\n", "a\n", "--- /f\n+++ /f\n@@ -1,2 +1 @@\n a\n-a\n")]
    [InlineData("a\nb\nc\n", "b\nc\nd", "--- /f\n+++ /f\n@@ -1,3 +1,3 @@\n-a\n b\n c\n+d\n\\ No newline at end of file\n")]
    public void Short_texts_have_the_shortest_difference(string before, string after, string diff) => Assert.Equal(diff, UnifiedDiff.Of("/f", before, after));
}
