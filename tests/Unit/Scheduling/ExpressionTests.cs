using System.Diagnostics;
using CsCheck;
using RpiAgent.Coordinator.Scheduling;
using Xunit;

namespace RpiAgent.Tests.Unit.Scheduling;

public sealed class ExpressionTests
{
    [Theory]
    [InlineData("zone==a", "a", true)]
    [InlineData("zone==a", "A", false)]
    [InlineData("z!=a", "b", true)]
    [InlineData("zone===a", "=a", true)]
    [InlineData("zone==us*", "us-east", true)]
    [InlineData("zone==*east", "us-east", true)]
    [InlineData("zone==u*e*t", "us-east", true)]
    [InlineData("zone==us", "us-east", false)]
    [InlineData("zone==s.d", "sxd", false)]
    [InlineData("zone==s.d", "s.d", true)]
    [InlineData("os==Debian GNU/Linux 12 (bookworm)", "Debian GNU/Linux 12 (bookworm)", true)]
    [InlineData("path==/var/lib", "/var/lib", true)]
    [InlineData("zone==/east/", "us-east", true)]
    [InlineData("zone==/(?i)EAST$/", "us-east", true)]
    [InlineData("zone==/^a\\d$/", "a1", true)]
    [InlineData("zone==/^a\\d$/", "a١", false)]
    [InlineData("zone==/^[[:alpha:]]+$/", "abc", true)]
    [InlineData("zone==/^[^[:digit:]x]$/", "x", false)]
    [InlineData("zone==/^(a|b)+?c??$/", "abab", true)]
    [InlineData("zone==/\\Qa.b\\E/", "axb", false)]
    [InlineData("zone==/^[a-c-]$/", "-", true)]
    [InlineData("zone==/^[a-z-[aeiou]]$/", "b]", true)]
    [InlineData("zone==/^\\x41\\x2d$/", "A-", true)]
    [InlineData("zone==//", "anything", true)]
    public void A_value_matches_or_not(string text, string actual, bool matches)
    {
        Expression? expression = Expression.Parse(text, out ExpressionError? error);
        Assert.Null(error);
        Assert.Equal(matches, expression!.Matches(actual));
    }

    [Theory]
    [InlineData("zone", 5, "expected == or !=")]
    [InlineData("zone=a", 5, "expected == or !=")]
    [InlineData("zone<=a", 5, "expected == or !=")]
    [InlineData("==a", 1, "key before the operator is missing")]
    [InlineData("zone ==a", 5, "' ' is not allowed in a key")]
    [InlineData("1zone==a", 1, "at the start of a key")]
    [InlineData("zone==", 7, "the value is missing")]
    [InlineData("zone==~", 8, "the value is missing")]
    [InlineData("zone==a,b", 8, "',' is not allowed")]
    [InlineData("zone==~~a", 8, "'~' is not allowed")]
    [InlineData("zone==/", 7, "a single slash")]
    [InlineData("zone==~/", 8, "a single slash")]
    [InlineData("zone==/[/", 8, "missing closing ]")]
    [InlineData("zone==/a(b/", 9, "missing closing )")]
    [InlineData("zone==/ab)/", 10, "unexpected )")]
    [InlineData("zone==/a**/", 10, "after another repetition")]
    [InlineData("zone==/*a/", 8, "nothing to repeat")]
    [InlineData("zone==/(a)\\1/", 11, "back references")]
    [InlineData("zone==/[z-a]/", 9, "runs backwards")]
    [InlineData("zone==/(?x)a/", 8, "unknown kind of group")]
    public void A_bad_expression_is_refused_with_its_column(string text, int column, string problem)
    {
        Assert.Null(Expression.Parse(text, out ExpressionError? error));
        Assert.Equal(column, error!.Column);
        Assert.Contains(problem, error.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void A_leading_tilde_makes_it_a_wish()
    {
        Expression expression = Expression.Parse("zone!=~a*", out _)!;
        Assert.True(expression is { Soft: true, Negated: true, Value: "a*" });
    }

    [Fact]
    public void Any_text_is_read_or_refused_with_a_column_inside_it() =>
        Gen.OneOf(Gen.String[0, 60], Gen.String[Gen.Char["az=!~/[]()*+?|\\^$.-:{},dQEpx01 "], 0, 40].Select(t => "key==" + t), Gen.String[Gen.Char["ab()[]*+?|\\^$.-:dDwsQEpPLx0is"], 0, 30].Select(t => $"key==/{t}/"))
            .Sample(text =>
            {
                Expression? expression = Expression.Parse(text, out ExpressionError? error);
                Assert.True(expression is null != error is null);
                if (error is not null)
                {
                    Assert.InRange(error.Column, 1, text.Length + 1);
                }
                expression?.Matches("aaaaaaaaaaaaaaaaaaaaab");
            }, iter: 20_000);

    [Theory]
    [InlineData("key==/^(a+)+$/")]
    [InlineData("key==/(a*)*(b*)*(a|aa)+$/")]
    [InlineData("key==*a*a*a*a*a*a*a*b")]
    public void Matching_stays_linear(string text)
    {
        Expression expression = Expression.Parse(text, out _)!;
        string value = new string('a', 20_000) + "!";
        long started = Stopwatch.GetTimestamp();
        Assert.False(expression.Matches(value));
        Assert.True(Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(5));
    }

    [Fact]
    public void A_very_long_expression_is_refused()
    {
        Assert.Null(Expression.Parse("key==" + new string('a', 5000), out ExpressionError? error));
        Assert.Contains("longer than", error!.Problem, StringComparison.Ordinal);
    }
}
