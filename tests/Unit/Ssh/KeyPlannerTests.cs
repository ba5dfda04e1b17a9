using System.Collections.Immutable;
using CsCheck;
using RpiAgent.Agent.Ssh;
using Xunit;

namespace RpiAgent.Tests.Unit.Ssh;

public class KeyPlannerTests
{
    private static readonly string Hers = Keys.Ed25519(1, "hers").Line;
    private static readonly WishedKey Ann = new("ann", Keys.Ed25519(2, "ann@laptop"));
    private static readonly WishedKey Bob = new("bob", Keys.Ed25519(3));

    /// <summary>What such files are made of, and what they should not be made of.</summary>
    private static readonly Gen<string> Line = Gen.OneOf(
        Keys.OneOf("", "# comment", " \t ", "garbage", "ssh-ed25519", "ssh-ed25519 AAAA", "ssh-dss AAAAB3NzaC1kc3M= old", "\u00e4\u00ff\0", "\"", "command=\"a b", "\r"),
        Gen.Select(Keys.OneOf("", "  ", "from=\"10.0.0.0/8,!1.2.3.4\",command=\"echo \\\"hi, there\\\"\" ", "restrict ", "no-pty,"), Gen.Byte[0, 5], Keys.OneOf("", "a comment", "x rpi-agent:ann", "rpi-agent:bob", "rpi-agent:gone ", "rpi-agent:"))
            .Select((options, seed, comment) => $"{options}{Keys.Ed25519(seed).Key} {comment}"));

    private static readonly Gen<string> File = Gen.Select(Gen.Select(Line, Keys.OneOf("\n", "\n", "\r\n")).Array[0, 8], Gen.OneOf(Line, Gen.Const("")))
        .Select((lines, last) => string.Concat(lines.Select(line => line.Item1 + line.Item2)) + last);

    private static readonly Gen<ImmutableArray<WishedKey>> Wish = Gen.Select(Keys.OneOf("ann", "bob", "cid"), Gen.Byte[0, 5])
        .Select((id, seed) => new WishedKey(id, Keys.Ed25519(seed, "wished"))).Array[0, 3]
        .Select(keys => keys.DistinctBy(key => key.Id).ToImmutableArray());

    [Fact]
    public void A_file_is_read_without_loss() => File.Sample(text => AuthorizedKeys.Parse(text).Render() == text);

    [Fact]
    public void Any_characters_are_read_without_loss() => Gen.String.Sample(text => AuthorizedKeys.Parse(text).Render() == text);

    [Fact]
    public void Planning_twice_changes_nothing_more() => Gen.Select(File, Wish, Gen.Bool).Sample((text, wish, keep) =>
    {
        KeyPlan once = KeyPlanner.Plan(text, wish, new KeepRule(keep, []));
        KeyPlan twice = KeyPlanner.Plan(once.Text, wish, new KeepRule(keep, []));
        return twice.Text == once.Text && twice.Kept == once.Kept;
    });

    [Fact]
    public void Lines_of_others_stay_and_wished_keys_are_there() => Gen.Select(File, Wish, Gen.Bool).Sample((text, wish, keep) =>
    {
        KeyPlan plan = KeyPlanner.Plan(text, wish, new KeepRule(keep, []));
        AuthorizedKeys before = AuthorizedKeys.Parse(text), after = AuthorizedKeys.Parse(plan.Text);
        return Others(before).SequenceEqual(Others(after))
            && wish.All(key => after.Lines.Any(line => line.Key?.IsSameAs(key.Key) == true))
            && after.Lines.Where(line => line.OwnId is not null && line.OwnId != plan.Kept).All(line => wish.Any(key => key.Id == line.OwnId && line.Key!.IsSameAs(key.Key)))
            && (!keep || before.Usable == 0 || after.Usable > 0);
    });

    private static IEnumerable<string> Others(AuthorizedKeys file) => file.Lines.Where(line => line.OwnId is null).Select(line => (line.Text + line.End).TrimEnd('\r', '\n'));

    [Fact]
    public void A_key_is_added_behind_a_line_without_end()
    {
        KeyPlan plan = KeyPlanner.Plan(Hers, [Ann], KeepRule.None);
        Assert.Equal($"{Hers}\n{Ann.Key.Line} rpi-agent:ann\n", plan.Text);
        Assert.Equal(2, plan.Usable);
    }

    [Fact]
    public void A_file_with_carriage_returns_gets_lines_with_them() =>
        Assert.Equal($"{Hers}\r\n{Bob.Key.Line} rpi-agent:bob\r\n", KeyPlanner.Plan($"{Hers}\r\n", [Bob], KeepRule.None).Text);

    [Fact]
    public void A_key_that_somebody_else_wrote_is_not_added_twice_and_never_removed()
    {
        string file = $"{Ann.Key.Key} written by hand\n";
        Assert.Equal(file, KeyPlanner.Plan(file, [Ann], KeepRule.None).Text);
        Assert.Equal(file, KeyPlanner.Plan(file, [], KeepRule.None).Text);
    }

    [Fact]
    public void A_key_that_is_there_with_options_of_somebody_else_is_told()
    {
        string file = $"command=\"backup, now\" {Ann.Key.Key}\n";
        KeyPlan plan = KeyPlanner.Plan(file, [Ann], KeepRule.None);
        Assert.Equal(file, plan.Text);
        Assert.Contains("ann", Assert.Single(plan.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void A_key_is_replaced_in_its_place_with_the_options_somebody_gave_it()
    {
        string file = $"from=\"10.0.0.0/8\" {Bob.Key.Key} rpi-agent:ann\n{Hers}\n";
        Assert.Equal($"from=\"10.0.0.0/8\" {Ann.Key.Line} rpi-agent:ann\n{Hers}\n", KeyPlanner.Plan(file, [Ann], KeepRule.None).Text);
    }

    [Fact]
    public void The_last_usable_key_stays_and_is_told()
    {
        string file = $"# mine\nfrom=\"1.2.3.4\" {Hers}\n{Ann.Key.Line} rpi-agent:ann\n{Bob.Key.Line} rpi-agent:bob\n";
        KeyPlan plan = KeyPlanner.Plan(file, [], new KeepRule(true, []));
        Assert.Equal("bob", plan.Kept);
        Assert.Equal($"# mine\nfrom=\"1.2.3.4\" {Hers}\n{Bob.Key.Line} rpi-agent:bob\n", plan.Text);
    }

    [Fact]
    public void The_last_usable_key_goes_when_it_is_forced_or_another_one_comes()
    {
        string file = $"{Ann.Key.Line} rpi-agent:ann\n";
        Assert.Equal("", KeyPlanner.Plan(file, [], new KeepRule(true, ["ann"])).Text);
        KeyPlan exchanged = KeyPlanner.Plan(file, [Bob], new KeepRule(true, []));
        Assert.Null(exchanged.Kept);
        Assert.Equal($"{Bob.Key.Line} rpi-agent:bob\n", exchanged.Text);
    }

    [Theory]
    [InlineData("", true)]
    [InlineData("no-port-forwarding,environment=\"A=b,c\" ", true)]
    [InlineData("from=\"1.2.3.4\" ", false)]
    [InlineData("command=\"echo \\\" no-pty\" ", false)]
    [InlineData("restrict,pty ", false)]
    [InlineData("cert-authority ", false)]
    [InlineData("expiry-time=\"20200101\" ", false)]
    public void A_key_with_restricting_options_is_none_to_rely_on(string options, bool usable) =>
        Assert.Equal(usable, AuthorizedKeys.Parse($"{options}{Hers}\n").Lines.Single() is { Key: not null, IsUsable: true });

    [Fact]
    public void A_comment_in_any_script_survives_as_its_bytes()
    {
        WishedKey key = new("ann", Keys.Ed25519(2, "ünï"));
        KeyPlan plan = KeyPlanner.Plan("", [key], KeepRule.None);
        Assert.EndsWith("ünï rpi-agent:ann\n", System.Text.Encoding.UTF8.GetString(System.Text.Encoding.Latin1.GetBytes(plan.Text)), StringComparison.Ordinal);
        Assert.Equal(plan.Text, KeyPlanner.Plan(plan.Text, [key], KeepRule.None).Text);
    }
}
