using System.Diagnostics.CodeAnalysis;
using RpiAgent.Coordinator.Model;
using RpiAgent.Protos;

namespace RpiAgent.Coordinator.Admin;

/// <summary>Which labels an operator may give a node: those that an expression can ask for.</summary>
internal static class NodeLabels
{
    private const int MostLabels = 100;

    /// <exception cref="AdminRefusal">A label that no expression could match, or that the node's engine gives.</exception>
    public static NodeRecord Change(NodeRecord record, IEnumerable<KeyValuePair<string, string>> set, IEnumerable<string> remove)
    {
        NodeRecord changed = record with { Labels = record.Labels.RemoveRange(remove).SetItems(set.Select(Checked)) };
        return changed.Labels.Count <= MostLabels ? changed
            : throw new AdminRefusal(RefusalKind.BadRequest, $"a node takes up to {MostLabels} labels");
    }

    /// <summary>For labels that come with a node itself.</summary>
    public static bool TryAdd(NodeRecord record, IEnumerable<KeyValuePair<string, string>> labels, out NodeRecord changed, [NotNullWhen(false)] out string? refusal)
    {
        try
        {
            (changed, refusal) = (Change(record, labels, []), null);
            return true;
        }
        catch (AdminRefusal refused)
        {
            (changed, refusal) = (record, refused.Message);
            return false;
        }
    }

    private static KeyValuePair<string, string> Checked(KeyValuePair<string, string> label) =>
        NodeLabelRules.Refuse(label.Key, label.Value) is { } refusal ? throw new AdminRefusal(RefusalKind.BadRequest, refusal) : label;
}
