import { OperatorService, PeerService, SessionService, Access } from "@groundcrew/proto";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { accessOf, permits, type Principal } from "./access.ts";

const callers: Record<string, Principal> = {
  nobody: { kind: "anonymous" },
  enrolling: { kind: "enrolment", tokenId: "t", name: "t" },
  agent: { kind: "agent", agentId: "a", name: "a", generation: "1" },
  viewer: { kind: "operator", tokenId: "t", name: "v", role: "viewer" },
  operator: { kind: "operator", tokenId: "t", name: "o", role: "operator" },
  admin: { kind: "operator", tokenId: "t", name: "r", role: "admin" },
};

/** Who may call what. The order of the columns is the order of `callers`. */
const permitted: [Access, string[]][] = [
  [Access.UNSPECIFIED, []],
  [Access.PUBLIC, ["nobody", "enrolling", "agent", "viewer", "operator", "admin"]],
  [Access.ENROLMENT, ["enrolling", "agent"]],
  [Access.AGENT, ["agent"]],
  [Access.VIEWER, ["viewer", "operator", "admin"]],
  [Access.OPERATOR, ["operator", "admin"]],
  [Access.ADMIN, ["admin"]],
];

/** Every rpc of the contract with the access it declares. A new rpc must be added here by a person who thought. */
const declared: Record<string, Access> = {
  "PeerService.Version": Access.PUBLIC,
  "PeerService.RegisterAgent": Access.ENROLMENT,
  "PeerService.UnregisterAgent": Access.AGENT,
  "PeerService.ReportHealth": Access.AGENT,
  "PeerService.Next": Access.AGENT,
  "PeerService.Init": Access.AGENT,
  "PeerService.Wait": Access.AGENT,
  "PeerService.Update": Access.AGENT,
  "PeerService.EnqueueLog": Access.AGENT,
  "PeerService.RecordSamples": Access.AGENT,
  "PeerService.PutBlob": Access.AGENT,
  "PeerService.GetBlob": Access.AGENT,
  "PeerService.Extend": Access.AGENT,
  "PeerService.Done": Access.AGENT,
  "PeerService.AddWorkflows": Access.AGENT,
  "PeerService.FindArtifact": Access.AGENT,
  "PeerService.FindCache": Access.AGENT,
  "SessionService.Session": Access.AGENT,
  "SessionService.Channel": Access.AGENT,
  "OperatorService.WhoAmI": Access.VIEWER,
  "OperatorService.SubmitPipeline": Access.OPERATOR,
  "OperatorService.ListPipelines": Access.VIEWER,
  "OperatorService.GetPipeline": Access.VIEWER,
  "OperatorService.WatchPipeline": Access.VIEWER,
  "OperatorService.CancelPipeline": Access.OPERATOR,
  "OperatorService.ListWorkflows": Access.VIEWER,
  "OperatorService.GetWorkflow": Access.VIEWER,
  "OperatorService.CancelWorkflow": Access.OPERATOR,
  "OperatorService.ExplainWorkflow": Access.VIEWER,
  "OperatorService.RetryWorkflow": Access.OPERATOR,
  "OperatorService.Pause": Access.OPERATOR,
  "OperatorService.Resume": Access.OPERATOR,
  "OperatorService.ListPauses": Access.VIEWER,
  "OperatorService.TailLogs": Access.VIEWER,
  "OperatorService.ListAgents": Access.VIEWER,
  "OperatorService.GetAgent": Access.VIEWER,
  "OperatorService.ResetAgent": Access.ADMIN,
  "OperatorService.SetAgentDesiredState": Access.OPERATOR,
  "OperatorService.SetAgentGrants": Access.ADMIN,
  "OperatorService.SendDirective": Access.OPERATOR,
  "OperatorService.UpdateAgent": Access.OPERATOR,
  "OperatorService.ListMachines": Access.VIEWER,
  "OperatorService.StartVetting": Access.OPERATOR,
  "OperatorService.ListVettingRuns": Access.VIEWER,
  "OperatorService.GetVettingRun": Access.VIEWER,
  "OperatorService.WatchVettingRun": Access.VIEWER,
  "OperatorService.GetVettingReport": Access.VIEWER,
  "OperatorService.CancelVettingRun": Access.OPERATOR,
  "OperatorService.RetryVettingStage": Access.OPERATOR,
  "OperatorService.WaiveVettingRun": Access.OPERATOR,
  "OperatorService.RejectVettingRun": Access.OPERATOR,
  "OperatorService.GetVettingHoldKey": Access.OPERATOR,
  "OperatorService.ListAttestationKeys": Access.VIEWER,
  "OperatorService.GetMachine": Access.VIEWER,
  "OperatorService.AddMachine": Access.OPERATOR,
  "OperatorService.ImportMachines": Access.OPERATOR,
  "OperatorService.SetMachineApproval": Access.OPERATOR,
  "OperatorService.GetMachineInventory": Access.VIEWER,
  "OperatorService.StartVettingBatch": Access.OPERATOR,
  "OperatorService.ListVettingBatches": Access.VIEWER,
  "OperatorService.GetVettingBatch": Access.VIEWER,
  "OperatorService.WatchVettingBatch": Access.VIEWER,
  "OperatorService.CancelVettingBatch": Access.OPERATOR,
  "OperatorService.SetSpec": Access.OPERATOR,
  "OperatorService.ListSpecs": Access.VIEWER,
  "OperatorService.GetSpec": Access.VIEWER,
  "OperatorService.RemoveSpec": Access.OPERATOR,
  "OperatorService.CompareVetting": Access.VIEWER,
  "OperatorService.GetVettingEvidence": Access.VIEWER,
  "OperatorService.AddReflector": Access.OPERATOR,
  "OperatorService.ListReflectors": Access.VIEWER,
  "OperatorService.RemoveReflector": Access.OPERATOR,
  "OperatorService.CreateToken": Access.ADMIN,
  "OperatorService.ListTokens": Access.ADMIN,
  "OperatorService.RevokeToken": Access.ADMIN,
  "OperatorService.SetSecret": Access.ADMIN,
  "OperatorService.ListSecrets": Access.OPERATOR,
  "OperatorService.ListSecretEvents": Access.ADMIN,
  "OperatorService.RemoveSecret": Access.ADMIN,
  "OperatorService.RotateSecretKey": Access.ADMIN,
  "OperatorService.ListApprovals": Access.VIEWER,
  "OperatorService.Approve": Access.OPERATOR,
  "OperatorService.Decline": Access.OPERATOR,
  "OperatorService.RetryPipeline": Access.OPERATOR,
  "OperatorService.ListArtifacts": Access.VIEWER,
  "OperatorService.GetArtifact": Access.VIEWER,
  "OperatorService.ListCaches": Access.VIEWER,
  "OperatorService.RemoveCache": Access.OPERATOR,
  "OperatorService.GetTestResults": Access.VIEWER,
  "OperatorService.DownloadLogs": Access.VIEWER,
  "OperatorService.SearchLogs": Access.VIEWER,
};

suite("access", () => {
  for (const [access, names] of permitted) {
    test(`access ${access} permits ${names.join(", ") || "nobody"}`, () => {
      const allowed = Object.keys(callers).filter((name) => permits(callers[name] as Principal, access));
      assert.deepEqual(allowed, names);
    });
  }

  test("every rpc declares the access that the table says", () => {
    const methods = [PeerService, SessionService, OperatorService].flatMap((service) => service.methods);
    const found = methods.map((method) => [`${method.parent.name}.${method.name}`, accessOf(method)]);
    assert.deepEqual(Object.fromEntries(found), declared);
  });
});
