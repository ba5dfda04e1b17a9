using System.Collections.Immutable;
using System.Text;
using RpiAgent.Agent.NodeConfig.Interfaces;
using Xunit;

namespace RpiAgent.Tests.Unit.NodeConfig;

/// <summary>The acceptance cases; every one was checked on the real ifupdown.</summary>
public class InterfacesCaseTests
{
    public static TheoryData<string> Rewrites => [.. InterfacesCase.All.Where(item => item.Error is null).Select(item => item.Name)];
    public static TheoryData<string> Refusals => [.. InterfacesCase.All.Where(item => item.Error is not null).Select(item => item.Name)];

    [Theory]
    [MemberData(nameof(Rewrites))]
    public void A_rewrite_gives_exactly_the_expected_bytes(string name)
    {
        InterfacesCase item = Find(name);
        InterfacesChange change = Planning.Plan(item.Tree(), item.Change);
        Assert.Null(change.Refusal);
        ImmutableSortedDictionary<string, byte[]> after = item.Tree().SetItems(change.Files);
        Assert.Equal(Show(item.TreeAfter()), Show(after));
        foreach (string warning in item.Warnings ?? [])
        {
            Assert.Contains(warning, change.Warnings);
        }
    }

    [Theory]
    [MemberData(nameof(Rewrites))]
    public void A_second_application_changes_nothing(string name)
    {
        InterfacesCase item = Find(name);
        Assert.False(Planning.Plan(item.TreeAfter(), item.Change).IsChanged);
    }

    [Theory]
    [MemberData(nameof(Refusals))]
    public void A_refusal_has_its_code_place_and_reason(string name)
    {
        InterfacesCase item = Find(name);
        InterfacesChange change = Planning.Plan(item.Tree(), item.Change);
        Assert.Equal(item.Error, change.Refusal?.Code);
        Assert.Empty(change.Files);
        if (item.ErrorAt is not null)
        {
            Assert.Equal(item.ErrorAt, change.Refusal!.At);
        }

        Assert.Contains(item.ErrorDetail!, change.Refusal!.Message, StringComparison.Ordinal);
    }

    private static InterfacesCase Find(string name) => InterfacesCase.All.Single(item => item.Name == name);

    private static string Show(ImmutableSortedDictionary<string, byte[]> tree) =>
        string.Concat(tree.Select(file => $"== {file.Key}\n{Encoding.Latin1.GetString(file.Value)}"));
}
