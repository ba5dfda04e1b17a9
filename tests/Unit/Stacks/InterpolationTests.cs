using System.Collections.Immutable;
using CsCheck;
using RpiAgent.Coordinator.Stacks;
using Xunit;

namespace RpiAgent.Tests.Unit.Stacks;

public class InterpolationTests
{
    private static readonly ImmutableSortedDictionary<string, string> Variables =
        ImmutableSortedDictionary<string, string>.Empty.Add("SET", "value").Add("EMPTY", "").Add("N1", "one");

    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("$SET/${SET}", "value/value")]
    [InlineData("$$SET $${SET}", "$SET ${SET}")]
    [InlineData("a$N1.b", "aone.b")]
    [InlineData("${EMPTY:-default}", "default")]
    [InlineData("${EMPTY-default}", "")]
    [InlineData("${GONE-default}", "default")]
    [InlineData("${GONE:-${EMPTY:-${SET}}}!", "value!")]
    [InlineData("${SET:+other}", "other")]
    [InlineData("${EMPTY:+other}", "")]
    [InlineData("${EMPTY+other}", "other")]
    [InlineData("${GONE+${ALSO_GONE}}", "")]
    [InlineData("${SET:-${ALSO_GONE}}", "value")]
    [InlineData("${GONE:-}", "")]
    [InlineData("${SET:?must be there}", "value")]
    [InlineData("${GONE:-a b:c-d?e+f}", "a b:c-d?e+f")]
    public void Variables_are_replaced_as_the_specification_says(string text, string expected)
    {
        (string result, string[] problems) = Expand(text);
        Assert.Equal(expected, result);
        Assert.Empty(problems);
    }

    [Theory]
    [InlineData("${GONE}", "the variable GONE is not set: set it in the environment or in .env beside the file, or write ${GONE:-default}")]
    [InlineData("${GONE:?say who}", "the variable GONE is required: say who")]
    [InlineData("${EMPTY:?}", "the variable EMPTY is required: it is not set")]
    [InlineData("${SET", "'${SET' is not a variable: write $NAME, ${NAME} or ${NAME:-default}, and $$ for a dollar sign")]
    [InlineData("100$", "'$' is not a variable: write $NAME, ${NAME} or ${NAME:-default}, and $$ for a dollar sign")]
    [InlineData("${SET!x}", "'${SET!x}' is not a variable: write $NAME, ${NAME} or ${NAME:-default}, and $$ for a dollar sign")]
    public void What_cannot_be_replaced_is_a_problem(string text, string problem) => Assert.Equal([problem], Expand(text).Problems);

    [Fact]
    public void Any_text_is_answered_and_without_a_dollar_stays_as_it_is() =>
        Gen.String[Gen.Char["$${}:-?+AB_ x"], 0, 40].Sample(text =>
        {
            (string result, string[] problems) = Expand(text);
            return text.Contains('$', StringComparison.Ordinal) || (result == text && problems.Length == 0);
        });

    private static (string Result, string[] Problems) Expand(string text)
    {
        ComposeReport report = new("c.yaml");
        DeployBundle bundle = new() { Name = "blog", Compose = "", Variables = Variables, MissingVariables = ["GONE", "ALSO_GONE", "A", "B", "AB", "_", "A_", "B_"] };
        List<string> problems = [];
        string result = new Interpolation(bundle, report).Expand(text, problems.Add);
        return (result, [.. problems]);
    }
}
