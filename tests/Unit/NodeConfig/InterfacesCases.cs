using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using RpiAgent.Agent.NodeConfig;
using RpiAgent.Agent.NodeConfig.Interfaces;

namespace RpiAgent.Tests.Unit.NodeConfig;

/// <summary>One acceptance case of cases/interfaces.json.</summary>
public sealed record InterfacesCase(
    string Name,
    string Before,
    Dictionary<string, string>? Files,
    CaseChange Change,
    string? After,
    [property: JsonPropertyName("files_after")] Dictionary<string, string>? FilesAfter,
    string? Error,
    [property: JsonPropertyName("error_at")] string? ErrorAt,
    [property: JsonPropertyName("error_detail")] string? ErrorDetail,
    string[]? Warnings)
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    public static readonly ImmutableArray<InterfacesCase> All =
        [.. JsonSerializer.Deserialize<InterfacesCase[]>(File.ReadAllText(Path.Join(AppContext.BaseDirectory, "NodeConfig", "cases", "interfaces.json")), Json)!];

    /// <summary>The node's files before the change.</summary>
    public ImmutableSortedDictionary<string, byte[]> Tree() => ToTree(Before, Files);

    /// <summary>And after it, for cases that are no refusals.</summary>
    public ImmutableSortedDictionary<string, byte[]> TreeAfter() => ToTree(After!, FilesAfter ?? Files);

    public override string ToString() => Name;

    private static ImmutableSortedDictionary<string, byte[]> ToTree(string main, Dictionary<string, string>? others)
    {
        var tree = ImmutableSortedDictionary<string, byte[]>.Empty.Add(InterfacesReader.MainPath, Encoding.UTF8.GetBytes(main));
        return tree.AddRange((others ?? []).Select(file => KeyValuePair.Create(file.Key, Encoding.UTF8.GetBytes(file.Value))));
    }
}

public sealed record CaseChange(string Iface, string Method, string? Address, string? Gateway, string[]? Dns)
{
    internal AddressWish ToWish() => Method == "dhcp" ? AddressWish.Dhcp(Iface) : AddressWish.Static(Iface, Address ?? "", Gateway, Dns ?? []);
}

internal static class Planning
{
    public static InterfacesChange Plan(ImmutableSortedDictionary<string, byte[]> tree, AddressWish wish) =>
        InterfacesPlanner.Plan(InterfacesReader.Read(FileView.OfMemory(tree)), wish, macAddress: null, hasDnsHook: true);

    public static InterfacesChange Plan(ImmutableSortedDictionary<string, byte[]> tree, CaseChange change)
    {
        try
        {
            return Plan(tree, change.ToWish());
        }
        catch (RefusalException e)
        {
            return InterfacesChange.Refuse(e.Refusal);
        }
    }
}
